package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
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
		Short: "Write the jobs file, as the folders say it",
		Long: `Write the file with the mirroring periodics, and what else is generated, as the
folders of the repository and their _job.yaml say.

Jobs keep their place in the file; new ones are added behind them in order of
name. A job that no set accounts for stays, unless --prune is given.`,
		Example: `  mirror-jobgen generate ~/release
  mirror-jobgen generate --check    # in a presubmit: exit 1 and a diff when something is not current`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return generate(env, o, folder(args, 0)) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.check, "check", false, "write nothing; print what would change as a unified diff, and exit 1 if anything would")
	f.BoolVar(&o.prune, "prune", false, "remove jobs that no set and no setting accounts for")
	f.StringVar(&o.template, "template", "", "use this job template `FILE` instead of the repository's or the built-in one")
	return cmd
}

func generate(env cli.Env, o generateOptions, dir string) error {
	out, err := generated(o, dir)
	if err != nil {
		return err
	}
	notes(env, out.Notes)
	report(env, out, o.prune)
	var changed []jobgen.File
	for _, f := range out.All() {
		if f.Changed() {
			changed = append(changed, f)
		}
	}
	if !o.check {
		if err := write(dir, changed); err != nil {
			return err
		}
		for _, f := range changed {
			fmt.Fprintf(env.Stderr, "wrote %s\n", f.Path)
		}
		return nil
	}
	for _, f := range changed {
		if _, err := env.Stdout.Write(f.Diff()); err != nil {
			return cli.Failf("printing the diff: %w", err)
		}
	}
	if len(changed) > 0 {
		return &cli.Error{Code: cli.ExitFindings, Err: fmt.Errorf("%s not current", count(len(changed), "generated file")), Hint: "run 'mirror-jobgen generate' and commit what it writes"}
	}
	return nil
}

// generated makes all files and has Prow load the jobs.
func generated(o generateOptions, dir string) (*jobgen.Output, error) {
	tree, err := load(dir)
	if err != nil {
		return nil, err
	}
	options := jobgen.Options{Prune: o.prune}
	if o.template != "" {
		text, err := os.ReadFile(o.template)
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
	if err := jobgen.Load(out.Jobs.New, ""); err != nil {
		return nil, cli.Usagef("%w", err)
	}
	return out, nil
}

// report tells which jobs come, change, go and stay as they are.
func report(env cli.Env, out *jobgen.Output, prune bool) {
	jobChanges(env, out)
	list := func(what string, names []string) {
		for _, name := range names {
			fmt.Fprintf(env.Stderr, "%s: %s\n", what, name)
		}
	}
	list("left as it is, though no set accounts for it", out.Kept)
	if len(out.Kept) > 0 && !prune {
		fmt.Fprintln(env.Stderr, "hint: --prune removes what no set accounts for")
	}
	const most = 5
	hand := out.HandWritten
	list("left as it is, hand-written", hand[:min(len(hand), most)])
	if len(hand) > most {
		fmt.Fprintf(env.Stderr, "left as they are: %d more hand-written jobs\n", len(hand)-most)
	}
	if len(hand) > 0 {
		fmt.Fprintln(env.Stderr, "hint: 'mirror-jobgen import' takes hand-written jobs over")
	}
}

// jobChanges tells which jobs come, change and go.
func jobChanges(env cli.Env, out *jobgen.Output) {
	for _, name := range out.Added {
		fmt.Fprintf(env.Stderr, "added: %s\n", name)
	}
	for _, c := range out.Changed {
		fmt.Fprintf(env.Stderr, "changed: %s: %s\n", c.Job, strings.Join(c.What, ", "))
	}
	for _, name := range out.Removed {
		fmt.Fprintf(env.Stderr, "removed: %s\n", name)
	}
}
