package main

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/place"
	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// options are the flags of a lint run.
type options struct {
	show   show
	chosen chosen
	known  known

	failOn string
	fix    bool
	diff   bool
}

func newCommand(env cli.Env) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "mirror-lint [DIR|FILE|SET]",
		Short: "Check the image mirroring of a release repository",
		Long: `mirror-lint checks the image mirroring of a release repository: the mapping
files of every set, their OWNERS, the periodics that run them, and that no image
overwrites another.

Without an argument it checks the repository that the working folder is in. With
a folder or a file of a repository, or the name of a set, it reads the whole
repository and shows the findings there. A set includes its jobs.`,
		Example: `  mirror-lint                          # check the repository around this folder
  mirror-lint knative                  # show the findings of one set
  mirror-lint --format json ~/release  # for another program
  mirror-lint explain mapping-name     # what a rule means`,
		Args: cli.Args,
		RunE: func(_ *cobra.Command, args []string) error {
			return lint(env, o, strings.Join(args, ""))
		},
	}
	o.show.flags(cmd)
	o.chosen.flags(cmd)
	o.known.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.fix, "fix", false, "apply fixes that have one right answer, report the rest")
	f.BoolVar(&o.diff, "diff", false, "with --fix: print the changes, write nothing")
	cli.FlagGroup(cmd, "Fixes", "fix", "diff")
	cli.WordVar(f, &o.failOn, "fail-on", "error", "exit 1 from this severity on: error, warning, info, never", failOn()...)
	cmd.AddCommand(rulesCommand(env), explainCommand(env))
	return cmd
}

// lint runs all rules on a repository and writes the findings.
func lint(env cli.Env, o options, arg string) error {
	if err := o.check(); err != nil {
		return err
	}
	write, err := o.show.writer(o.show.format)
	if err != nil {
		return err
	}
	outputs, err := o.show.files()
	if err != nil {
		return err
	}
	keep, err := o.chosen.filter()
	if err != nil {
		return err
	}
	at, err := place.Find(arg, "rules", "explain", "completion")
	if err != nil {
		return asRule(arg, err)
	}
	result, tree, err := o.look(env, at, keep)
	if err != nil || result == nil {
		return err
	}
	if err := o.known.narrow(env, at.Root, tree, result); err != nil {
		return err
	}
	keep.narrow(result, tree, at)
	found := outcome{result: result, tree: tree, show: o.show, link: report.Link(o.show.sourceURL), fresh: o.known.any()}
	if len(outputs) > 0 || o.show.format == "html" || cli.ArtifactsDir(env, o.show.artifacts) != "" {
		found.at(at.Root)
	}
	for _, out := range outputs {
		if err := argfile.Write(out.file, func(w io.Writer) error { return out.write(w, found) }); err != nil {
			return cli.Failf("writing %s: %w", out.file, err)
		}
		if out.format == "html" {
			found.page = out.file
		}
	}
	if dir := cli.ArtifactsDir(env, o.show.artifacts); dir != "" {
		if page, err := found.leave(dir); err != nil {
			text.Fprintf(env.Stderr, "warning: %v\n", err)
		} else if found.page == "" {
			found.page = page
		}
	}
	found.color, found.width = cli.Color(env, o.show.color), cli.Width(env)
	if err := write(env.Stdout, found); err != nil {
		return cli.Failf("writing the findings: %w", err)
	}
	if slices.ContainsFunc(result.Findings, o.fails) {
		return cli.Exit(cli.ExitFindings)
	}
	return nil
}

// check finds flags that do not go together.
func (o options) check() error {
	if o.diff && !o.fix {
		return cli.Usagef("--diff needs --fix")
	}
	return o.known.check()
}

// failOn lists the values of --fail-on.
func failOn() []string { return append(severityNames(), "never") }

func severityNames() []string {
	return []string{source.Error.String(), source.Warning.String(), source.Info.String()}
}

// fails reports whether a finding makes the exit code 1.
func (o options) fails(f validate.Finding) bool {
	least, err := source.ParseSeverity(o.failOn)
	return err == nil && f.Severity <= least // "never" is not a severity
}
