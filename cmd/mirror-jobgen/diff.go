package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/tools/txtar"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/effectreport"
	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// diffOptions are the flags of mirror-jobgen diff.
type diffOptions struct {
	from, to  string
	format    string
	artifacts string
	detailed  bool
	onlineOptions
}

func diffCommand(env cli.Env) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff --from REV [DIR]",
		Short: "Show what a change mirrors differently",
		Long: `Compare the working tree, or the revision of --to, with a git revision. Show
what is mirrored differently: destinations that are added, removed or get another
image, jobs that change, organisations that a set pushes to or pulls from for
the first time, the size of the ConfigMap, and effects on other lines and images.

The command reads the files of the two trees and runs nothing in them. Without
--online it contacts no registry and needs no credential. If nothing changes, it
prints one line: no image is mirrored differently.

Use --format markdown for a comment on a pull request: sections are collapsed,
and the text stays below GitHub's limit. In a job, or with --artifacts, the
result is also written to mirror-diff-summary.html and mirror-diff.json.`,
		Example: `  mirror-jobgen diff --from origin/master
  mirror-jobgen diff --from HEAD~1 --to HEAD --format markdown ~/release`,
		Args: cli.Args,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), env, folder(args, 0)) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "git `REVISION` to compare with (required)")
	f.StringVar(&o.to, "to", "", "git `REVISION` to compare (default: the files in DIR)")
	cli.WordVar(f, &o.format, "format", "text", "`FORMAT` of standard output: text, markdown or json", "text", "markdown", "json")
	f.StringVar(&o.artifacts, "artifacts", "", "also write to `FOLDER` (default: $ARTIFACTS, $ARTIFACT_DIR)")
	cli.FlagGroup(cmd, "Revisions", "from", "to")
	cli.FlagGroup(cmd, "Reports", "format", "artifacts")
	o.onlineOptions.bind(cmd)
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit 0 without changes, 2 with changes, else 1")
	return cmd
}

func (o *diffOptions) run(ctx context.Context, env cli.Env, dir string) error {
	changed, err := o.diff(ctx, env, dir)
	if !o.detailed {
		return err
	}
	switch {
	case err != nil:
		var e *cli.Error
		if errors.As(err, &e) {
			return &cli.Error{Code: cli.ExitFindings, Err: e.Err, Hint: e.Hint}
		}
		return &cli.Error{Code: cli.ExitFindings, Err: err}
	case len(changed.Unknown) > 0:
		return cli.Exit(cli.ExitFindings)
	case !changed.Empty():
		return cli.Exit(2)
	}
	return nil
}

func (o *diffOptions) diff(ctx context.Context, env cli.Env, dir string) (*effectreport.Change, error) {
	write, err := o.writer()
	if err != nil {
		return nil, err
	}
	c := effectreport.Change{From: o.from, To: o.to}
	if err = o.compare(env, dir, &c); err != nil {
		return nil, err
	}
	if c.Plan, err = o.plan(ctx, env, c.Effect); err != nil {
		return nil, err
	}
	if err := write(env.Stdout, c); err != nil {
		return nil, cli.Failf("writing the report: %w", err)
	}
	if folder := cli.ArtifactsDir(env, o.artifacts); folder != "" {
		err := cli.WriteArtifacts(folder,
			cli.Artifact{Name: "mirror-diff-summary.html", Write: func(w io.Writer) error { return effectreport.HTML(w, c, cli.Version()) }},
			cli.Artifact{Name: "mirror-diff.json", Write: func(w io.Writer) error { return effectreport.JSON(w, c) }},
		)
		if err != nil {
			text.Fprintf(env.Stderr, "warning: %v\n", err)
		}
	}
	return &c, nil
}

func (o *diffOptions) writer() (func(io.Writer, effectreport.Change) error, error) {
	if o.from == "" {
		return nil, &cli.Error{Code: cli.ExitUsage, Err: errors.New("--from is missing"), Hint: "name the revision that the change merges into, such as --from origin/master"}
	}
	switch o.format {
	case "markdown":
		return effectreport.Markdown, nil
	case "json":
		return effectreport.JSON, nil
	}
	return effectreport.Text, nil
}

// compare loads both trees, at the same time, and compares them.
func (o *diffOptions) compare(env cli.Env, dir string, c *effectreport.Change) error {
	var before, after *release.Tree
	var from *gitfs.FS
	var to fs.FS
	var err, secondErr error
	var loading sync.WaitGroup
	loading.Go(func() { after, to, secondErr = o.second(dir) })
	before, from, err = revision(dir, "--from", o.from)
	loading.Wait()
	if from != nil {
		defer from.Close()
	}
	if revision, ok := to.(*gitfs.FS); ok && revision != nil {
		defer revision.Close()
	}
	if err := cmp.Or(err, secondErr); err != nil {
		return err
	}
	o.warn(env, dir)
	l := after.Layout
	configs, err := gitfs.Changed(from, to, []string{".yaml", ".json"}, []string{l.Config, l.Releases, l.Supplemental()})
	if err != nil {
		return cli.Failf("%w", err)
	}
	c.Effect = effects.Compare(before, after, effects.Options{ConfigsKnown: true, Configs: configs})
	c.NotGenerated = notGenerated(before, after)
	return nil
}

// second loads the tree of --to, or the working tree.
func (o *diffOptions) second(dir string) (*release.Tree, fs.FS, error) {
	if o.to != "" {
		return revision(dir, "--to", o.to)
	}
	tree, err := load(dir)
	if err != nil {
		return nil, nil, err
	}
	return tree, tree.FS, nil
}

// warn prints a warning when the revision to compare with has commits that the
// other side lacks: the comparison shows those in reverse.
func (o *diffOptions) warn(env cli.Env, dir string) {
	head := cmp.Or(o.to, "HEAD")
	if has, err := gitfs.Contains(dir, head, o.from); err == nil && !has {
		text.Fprintf(env.Stderr, "warning: %s has commits that %s lacks: their changes are shown in reverse\n  hint: compare with the common ancestor: --from \"$(git merge-base %[1]s %[2]s)\"\n", o.from, head)
	}
}

// revision loads the release repository at a git revision. A revision without
// mappings and jobs counts as an empty repository.
func revision(dir, flag, name string) (*release.Tree, *gitfs.FS, error) {
	files, err := gitfs.Open(dir, name)
	switch {
	case errors.Is(err, gitfs.ErrRevision):
		hint := "name a commit of the checkout; fetch it into a shallow clone first (git fetch --depth 1 origin " + strings.TrimSpace(name) + ")"
		if errors.Is(err, gitfs.ErrNoCheckout) {
			hint = "run it in a git checkout of the release repository"
		}
		return nil, nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%s: %w", flag, err), Hint: hint}
	case err != nil:
		return nil, nil, cli.Failf("%s %s: %w", flag, name, err)
	}
	tree, err := release.Load(files)
	if errors.Is(err, release.ErrNotRelease) {
		var empty fs.FS
		if empty, err = nothing(); err == nil {
			tree, err = release.Load(empty)
		}
	}
	if err != nil {
		files.Close()
		return nil, nil, cli.Failf("%s %s: %w", flag, name, err)
	}
	return tree, files, nil
}

// nothing returns a release repository without sets, as it is before the first one.
func nothing() (fs.FS, error) {
	layout := release.DefaultLayout()
	return txtar.FS(&txtar.Archive{Files: []txtar.File{{Name: layout.Readme()}}})
}
