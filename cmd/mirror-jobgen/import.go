package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
)

func importCommand(env cli.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "import [DIR]",
		Short: "Take over hand-written jobs",
		Long: `Read the hand-written jobs file and write the _job.yaml of every set, and
_mirror.yaml, so that 'generate' makes the same file again.

Only what differs from the defaults is written. Every job is listed with the
settings that it needed, and with what is odd about it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return importJobs(env, folder(args, 0)) },
	}
}

func importJobs(env cli.Env, dir string) error {
	tree, err := load(dir)
	if err != nil {
		return err
	}
	im, err := jobgen.Import(tree)
	if err != nil {
		return wrong(err)
	}
	if err := write(dir, im.Files); err != nil {
		return err
	}
	for _, j := range im.Jobs {
		name := j.Job
		if name == "" {
			name = "no job for " + j.Set
		}
		fmt.Fprintf(env.Stdout, "%s: %s\n", name, strings.Join(j.Settings, ", "))
		for _, o := range j.Odd {
			fmt.Fprintf(env.Stdout, "  odd: %s\n", o)
		}
	}
	notes(env, im.Notes)
	same := "the same bytes"
	if !im.Exact {
		same = "the same periodics"
	}
	fmt.Fprintf(env.Stderr, "wrote %s; 'mirror-jobgen generate' gives %s\n", count(len(im.Files), "settings file"), same)
	return nil
}
