package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
)

func statusCommand(env cli.Env) *cobra.Command {
	var maps []string
	var diff bool
	cmd := &cobra.Command{
		Use:   "status [DIR] --configmap FILE",
		Short: "Compare the mappings with those in the cluster",
		Long: `List the mapping files that are missing in the cluster, that are stale there, and
that exist only there. Exit 1 if there is a difference.`,
		Example: `  oc get cm -n ci image-mirror-mappings -o yaml | mirror-jobgen status --configmap -`,
		Args:    cli.Args,
		RunE:    func(_ *cobra.Command, args []string) error { return status(env, maps, folder(args, 0), diff) },
	}
	cmd.Flags().StringArrayVar(&maps, "configmap", nil, "`FILE` from 'oc get configmap -o yaml', or -; repeatable")
	cmd.Flags().BoolVar(&diff, "diff", false, "print the diff of each stale file")
	return cmd
}

const statusHint = "oc get cm -n ci image-mirror-mappings -o yaml | mirror-jobgen status --configmap -"

func status(env cli.Env, maps []string, dir string, diff bool) error {
	if len(maps) == 0 {
		return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--configmap is missing"), Hint: statusHint}
	}
	tree, err := load(dir)
	if err != nil {
		return err
	}
	var texts [][]byte
	for _, name := range maps {
		text, err := readInput(env, name)
		if err != nil {
			return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--configmap: %w", err), Hint: statusHint}
		}
		texts = append(texts, text)
	}
	s, err := jobgen.Compare(tree, texts...)
	if err != nil {
		return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--configmap: %w", err), Hint: statusHint}
	}
	for _, x := range []struct {
		what string
		keys []string
	}{{"missing in the cluster", s.Missing}, {"stale in the cluster", s.Stale}, {"only in the cluster", s.Extra}} {
		for _, key := range x.keys {
			text.Fprintf(env.Stdout, "%s: %s\n", x.what, key)
		}
	}
	if diff {
		for _, key := range s.Stale {
			if _, err := io.WriteString(env.Stdout, text.Block(string(s.Diffs[key]))); err != nil {
				return cli.Failf("printing the difference: %w", err)
			}
		}
	}
	text.Fprintf(env.Stdout, "%d current, %d missing, %d stale, %d only in the cluster\n", len(s.Current), len(s.Missing), len(s.Stale), len(s.Extra))
	if s.Differs() {
		return cli.Exit(cli.ExitFindings)
	}
	return nil
}

func readInput(env cli.Env, name string) ([]byte, error) {
	if name == "-" {
		return argfile.ReadStream(env.Stdin, argfile.MaxFile)
	}
	return argfile.ReadFile(name)
}
