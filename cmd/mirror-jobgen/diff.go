package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/effectreport"
	"github.com/mirror-tools/mirror-tools/internal/gitfs"
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
		Long: `Compare the working tree, or the revision of --to, with a git revision, and show
what it mirrors differently: destinations that are new, gone or take another
image, jobs that change and how, what a set can push to or reads for the first
time, the size of the ConfigMap, and what becomes true or untrue elsewhere.

Everything comes from the files of the two trees. Nothing in them is run, and
without --online no registry is asked and no credential is needed. Where nothing
changes it prints one line: no image is mirrored differently.

--format markdown is for a comment on a pull request: it is folded and shorter
than GitHub allows. In a job, and with --artifacts, the effect is also written
as the page mirror-diff-summary.html and as mirror-diff.json.`,
		Example: `  mirror-jobgen diff --from origin/master
  mirror-jobgen diff --from HEAD~1 --to HEAD --format markdown ~/release`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), env, folder(args, 0)) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "git `REVISION` to compare with; required")
	f.StringVar(&o.to, "to", "", "compare this git `REVISION`; default: the files in DIR")
	f.StringVar(&o.format, "format", "text", "`FORMAT` of standard output: text, markdown or json")
	f.StringVar(&o.artifacts, "artifacts", "", "write the page and the JSON into `FOLDER`; default: $ARTIFACTS or $ARTIFACT_DIR")
	o.onlineOptions.bind(f)
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit 0 when nothing is done differently, 2 when something is, and 1 when that is not known or an error occurs")
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
	if c.Effect, err = o.compare(env, dir); err != nil {
		return nil, err
	}
	if c.Plan, err = o.plan(ctx, env, c.Effect); err != nil {
		return nil, err
	}
	if err := write(env.Stdout, c); err != nil {
		return nil, cli.Failf("writing the effect: %w", err)
	}
	if folder := cli.ArtifactsDir(env, o.artifacts); folder != "" {
		err := cli.WriteArtifacts(folder,
			cli.Artifact{Name: "mirror-diff-summary.html", Write: func(w io.Writer) error { return effectreport.HTML(w, c, cli.Version()) }},
			cli.Artifact{Name: "mirror-diff.json", Write: func(w io.Writer) error { return effectreport.JSON(w, c) }},
		)
		if err != nil {
			fmt.Fprintf(env.Stderr, "warning: %v\n", err)
		}
	}
	return &c, nil
}

func (o *diffOptions) writer() (func(io.Writer, effectreport.Change) error, error) {
	if o.from == "" {
		return nil, &cli.Error{Code: cli.ExitUsage, Err: errors.New("--from is missing"), Hint: "name the revision that the change is to be merged into, such as --from origin/master"}
	}
	switch o.format {
	case "text":
		return effectreport.Text, nil
	case "markdown":
		return effectreport.Markdown, nil
	case "json":
		return effectreport.JSON, nil
	}
	return nil, cli.Usagef("--format %s: use text, markdown or json", o.format)
}

// compare loads both trees and compares them.
func (o *diffOptions) compare(env cli.Env, dir string) (*effects.Effect, error) {
	before, from, err := revision(dir, "--from", o.from)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	after, to, err := o.second(dir)
	if err != nil {
		return nil, err
	}
	if revision, ok := to.(*gitfs.FS); ok {
		defer revision.Close()
	}
	o.warn(env, dir)
	l := after.Layout
	configs, err := gitfs.Changed(from, to, []string{".yaml", ".json"}, []string{l.Config, l.Releases, l.Supplemental()})
	if err != nil {
		return nil, cli.Failf("%w", err)
	}
	return effects.Compare(before, after, effects.Options{ConfigsKnown: true, Configs: configs}), nil
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

// warn tells when the revision to compare with has changes that the other side
// lacks: they would be shown the wrong way round.
func (o *diffOptions) warn(env cli.Env, dir string) {
	head := o.to
	if head == "" {
		head = "HEAD"
	}
	if has, err := gitfs.Contains(dir, head, o.from); err == nil && !has {
		fmt.Fprintf(env.Stderr, "warning: %s has changes that %s lacks, and what they do is shown the wrong way round\n  hint: compare with the commit that both have: --from \"$(git merge-base %[1]s %[2]s)\"\n", o.from, head)
	}
}

// revision loads the release repository at a git revision. One that has no
// mappings and no jobs yet is an empty one.
func revision(dir, flag, name string) (*release.Tree, *gitfs.FS, error) {
	files, err := gitfs.Open(dir, name)
	switch {
	case errors.Is(err, gitfs.ErrRevision):
		return nil, nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%s: %w", flag, err),
			Hint: "name a commit of the checkout; a shallow clone has to hold it (git fetch --depth 1 origin " + strings.TrimSpace(name) + ")"}
	case err != nil:
		return nil, nil, cli.Failf("%s %s: %w", flag, name, err)
	}
	tree, err := release.Load(files)
	if errors.Is(err, release.ErrNotRelease) {
		tree, err = release.Load(nothing{files})
	}
	if err != nil {
		files.Close()
		return nil, nil, cli.Failf("%s %s: %w", flag, name, err)
	}
	return tree, files, nil
}

// nothing is a release repository without any set: what there is before the
// first one is made.
type nothing struct{ fs.FS }

// Open gives the mirroring folder, which is empty, and nothing else.
func (n nothing) Open(name string) (fs.File, error) {
	if name != "." && name != release.DefaultLayout().Mirroring {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	root, err := n.FS.Open(".")
	if err != nil || name == "." {
		return root, err
	}
	return emptyFolder{root}, nil
}

// emptyFolder is a folder without what is in it.
type emptyFolder struct{ fs.File }

// ReadDir implements [fs.ReadDirFile].
func (emptyFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 {
		return nil, io.EOF
	}
	return nil, nil
}
