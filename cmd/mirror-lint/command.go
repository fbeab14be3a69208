package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// options are the flags of a lint run.
type options struct {
	format  string
	outputs []string
	failOn  string
	color   string

	artifacts string

	newFrom       string
	baseline      string
	writeBaseline bool
	fix           bool
	diff          bool
}

func newCommand(env cli.Env) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "mirror-lint [DIR]",
		Short: "Check the image mirroring of a release repository",
		Long: `mirror-lint checks the image mirroring of a release repository: the mapping
files of every set, their OWNERS, the periodics that run them, and that no image
overwrites another.

DIR is the root of the repository; default: the working folder.`,
		Example: `  mirror-lint                          # check the repository in this folder
  mirror-lint --format json ~/release  # for another program
  mirror-lint explain mapping-name     # what a rule means`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return lint(env, o, dir)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "format of standard output: "+strings.Join(formatNames(), ", "))
	f.StringArrayVar(&o.outputs, "output", nil, "also write `FORMAT=FILE`; repeatable")
	f.StringVar(&o.artifacts, "artifacts", "", "also write all reports into `FOLDER` (default: $ARTIFACTS, else $ARTIFACT_DIR)")
	f.StringVar(&o.failOn, "fail-on", "error", "least severity that makes the exit code 1: error, warning, info or never")
	f.StringVar(&o.color, "color", "auto", "colour the text: auto, always or never")
	f.StringVar(&o.newFrom, "new-from", "", "report only what is not already found at git revision `REV`")
	f.StringVar(&o.baseline, "baseline", "", "leave out the findings that `FILE` lists")
	f.BoolVar(&o.writeBaseline, "write-baseline", false, "write all findings to the file of --baseline, and report none")
	f.BoolVar(&o.fix, "fix", false, "mend what has one right answer, then report what is left")
	f.BoolVar(&o.diff, "diff", false, "with --fix: print the changes and make none")
	cmd.AddCommand(rulesCommand(env), explainCommand(env))
	return cmd
}

// lint runs all rules on a folder and writes what they found.
func lint(env cli.Env, o options, dir string) error {
	write, err := o.writer(o.format)
	if err != nil {
		return err
	}
	fails, err := o.threshold()
	if err != nil {
		return err
	}
	color, err := cli.Color(env, o.color)
	if err != nil {
		return err
	}
	outputs, err := o.files()
	if err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	result, tree, err := o.look(env, dir)
	if err != nil || result == nil {
		return err
	}
	if err := o.narrow(env, dir, tree, result); err != nil {
		return err
	}
	found := outcome{result: result, tree: tree}
	for _, out := range outputs {
		if err := atomicfile.Write(out.file, func(w io.Writer) error { return out.write(w, found) }); err != nil {
			return cli.Failf("writing %s: %w", out.file, err)
		}
	}
	if dir := cli.ArtifactsDir(env, o.artifacts); dir != "" {
		if err := found.leave(dir); err != nil {
			fmt.Fprintf(env.Stderr, "warning: %v\n", err)
		}
	}
	found.color, found.width = color, cli.Width(env)
	if err := write(env.Stdout, found); err != nil {
		return cli.Failf("writing the findings: %w", err)
	}
	if slices.ContainsFunc(result.Findings, func(f validate.Finding) bool { return fails(f.Severity) }) {
		return cli.Exit(cli.ExitFindings)
	}
	return nil
}

// threshold gives the test that --fail-on asks for.
func (o options) threshold() (func(source.Severity) bool, error) {
	if o.failOn == "never" {
		return func(source.Severity) bool { return false }, nil
	}
	least, err := source.ParseSeverity(o.failOn)
	if err != nil {
		return nil, cli.Usagef("--fail-on: unknown severity %q: use error, warning, info or never", o.failOn)
	}
	return func(s source.Severity) bool { return s <= least }, nil
}
