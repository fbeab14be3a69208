package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/page"
	findings "github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/site"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func siteCommand(env cli.Env) *cobra.Command {
	var output, sourceURL string
	cmd := &cobra.Command{
		Use:   "site [DIR]",
		Short: "Write a static site of everything that is mirrored",
		Long: `Write HTML pages that show each set with its owners, images, schedule, secrets
and findings, each image with its source and destinations, and a graph of all
sets with conflicts in red.

The pages come from the release repository alone and need no network: open
index.html in a browser, or serve the folder. If the command fails, existing
pages are left unchanged.`,
		Example: `  mirror-jobgen site ~/release --output /tmp/site`,
		Args:    cli.Args,
		RunE: func(cmd *cobra.Command, args []string) error {
			// A checkout may contain a link with the default name.
			if info, err := os.Lstat(output); err == nil && info.Mode()&fs.ModeSymlink != 0 && !cmd.Flags().Changed("output") {
				return cli.Usagef("%s is a symbolic link: name the folder with --output", output)
			}
			return makeSite(env, folder(args, 0), output, sourceURL)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "mirror-site", "write the pages into `FOLDER`")
	cmd.Flags().StringVar(&sourceURL, "source-url", "", "web address of the files, for links (default: from origin)")
	return cmd
}

func makeSite(env cli.Env, dir, output, sourceURL string) error {
	tree, err := load(dir)
	if err != nil {
		return err
	}
	result := validate.Run(tree, validate.Rules()...)
	opts := site.Options{Version: cli.Version(), Link: findings.Link(sourceURL)}
	if head, err := gitfs.HeadOf(dir); err == nil { // without git, the pages name no commit
		opts.Commit, opts.Date = head.Commit, head.Date
		if sourceURL == "" {
			opts.Link = findings.Link(head.Web)
		}
	}
	pages, err := site.Pages(tree, result, validate.Rules(), opts)
	if err != nil {
		return cli.Failf("rendering the pages: %w", err)
	}
	if err := argfile.MkdirAll(output); err != nil {
		return cli.Failf("%w", err)
	}
	folder, err := argfile.OpenFolder(output)
	if err != nil {
		return cli.Failf("%w", err)
	}
	defer folder.Close()
	if err := atomicfile.WriteIn(folder.Root(), pages); err != nil {
		return cli.Failf("writing the pages: %w", err)
	}
	if err := removeStale(folder, pages); err != nil {
		return cli.Failf("removing pages of deleted sets: %w", err)
	}
	text.Fprintf(env.Stderr, "wrote %s; open %s\n", text.Plural(len(pages), "page"), filepath.Join(output, "index.html"))
	return nil
}

// removeStale removes the pages of sets that no longer exist. It keeps files
// that this program did not write.
func removeStale(folder *treefs.FS, pages []atomicfile.File) error {
	entries, err := folder.ReadDir("sets")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	current := map[string]bool{}
	for _, p := range pages {
		current[p.Path] = true
	}
	for _, e := range entries {
		name := "sets/" + e.Name()
		if current[name] || !e.Type().IsRegular() || filepath.Ext(name) != ".html" {
			continue
		}
		text, err := folder.ReadFile(name)
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(page.Generator)) {
			if err := folder.Root().Remove(filepath.FromSlash(name)); err != nil {
				return err
			}
		}
	}
	return nil
}
