package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
)

// generateOptions are the flags of generate.
type generateOptions struct {
	check, prune bool
	template     string
}

func generateCommand(env cli.Env) *cobra.Command {
	var o generateOptions
	cmd := &cobra.Command{
		Use:   "generate [DIR]",
		Short: "Write the jobs file from the folders of the sets",
		Long: `Write the file with the mirroring periodics, and the other generated files, from
the folders of the repository and their _job.yaml.

Jobs keep their place in the file. New jobs follow, sorted by name. A job that
belongs to no set stays, unless you pass --prune.`,
		Example: `  mirror-jobgen generate ~/release
  mirror-jobgen generate --check    # in a presubmit: exit 1 and print a diff if a file is stale`,
		Args: cli.Args,
		RunE: func(_ *cobra.Command, args []string) error { return generate(env, o, folder(args, 0)) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.check, "check", false, "write nothing; print a diff and exit 1 if files are stale")
	f.BoolVar(&o.prune, "prune", false, "remove jobs that belong to no set and no setting")
	f.StringVar(&o.template, "template", "", "job template `FILE` (default: from settings or built in)")
	return cmd
}

func generate(env cli.Env, o generateOptions, dir string) error {
	out, err := generated(o, dir)
	if err != nil {
		return err
	}
	notes(env, out.Notes)
	report(env, out, o.prune)
	changed := changedFiles(out)
	if !o.check {
		return save(env, dir, changed)
	}
	for _, f := range changed {
		if _, err := io.WriteString(env.Stdout, text.Block(string(f.Diff()))); err != nil {
			return cli.Failf("printing the diff: %w", err)
		}
	}
	if len(changed) > 0 {
		return &cli.Error{Code: cli.ExitFindings, Err: fmt.Errorf("%s not current", text.Plural(len(changed), "generated file")), Hint: "run 'mirror-jobgen generate' and commit what it writes"}
	}
	return nil
}

// generated generates all files and has Prow load the jobs.
func generated(o generateOptions, dir string) (*jobgen.Output, error) {
	tree, err := load(dir)
	if err != nil {
		return nil, err
	}
	options := jobgen.Options{Prune: o.prune}
	if o.template != "" {
		text, err := argfile.ReadFile(o.template)
		if err != nil {
			return nil, cli.Usagef("%w", err)
		}
		if options.Template, err = jobgen.ParseTemplate(o.template, text); err != nil {
			return nil, wrong(err)
		}
	}
	out, err := jobgen.Generate(tree, options)
	if err != nil {
		return nil, wrong(err)
	}
	return out, accepted(out.Jobs.New)
}

// report prints which jobs are added, changed, removed and left unchanged.
func report(env cli.Env, out *jobgen.Output, prune bool) {
	jobChanges(env, out)
	list := func(what string, names []string) {
		for _, name := range names {
			text.Fprintf(env.Stderr, "%s: %s\n", what, name)
		}
	}
	list("left unchanged, belongs to no set", out.Kept)
	if len(out.Kept) > 0 && !prune {
		fmt.Fprintln(env.Stderr, "hint: --prune removes jobs that belong to no set")
	}
	const most = 5
	hand := out.HandWritten
	list("left unchanged, hand-written", hand[:min(len(hand), most)])
	if len(hand) > most {
		text.Fprintf(env.Stderr, "left unchanged: %d more hand-written jobs\n", len(hand)-most)
	}
	if len(hand) > 0 {
		fmt.Fprintln(env.Stderr, "hint: to generate the job of a set, give it a _job.yaml")
	}
}

// jobChanges prints which jobs are added, changed and removed.
func jobChanges(env cli.Env, out *jobgen.Output) {
	for _, name := range out.Added {
		text.Fprintf(env.Stderr, "added: %s\n", name)
	}
	for _, c := range out.Changed {
		text.Fprintf(env.Stderr, "changed: %s: %s\n", c.Job, strings.Join(c.What, ", "))
	}
	for _, name := range out.Removed {
		text.Fprintf(env.Stderr, "removed: %s\n", name)
	}
}
