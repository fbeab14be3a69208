package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func newCommand(env cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mirror-jobgen",
		Short: "Generate the periodics that mirror images",
		Long: `mirror-jobgen generates the Prow periodics that mirror images: one for each set
below core-services/image-mirroring of a release repository. Each job is built
from a template, the files of the set and the settings in its _job.yaml.

DIR is the root of the repository. The default is the repository that contains
the working folder.`,
		Example: `  mirror-jobgen import      # convert hand-written jobs to settings, once
  mirror-jobgen generate    # write the jobs file
  mirror-jobgen generate --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(generateCommand(env), importCommand(env), newSetCommand(env), addCommand(env), removeCommand(env), switchCommand(env), statusCommand(env), presubmitCommand(env), siteCommand(env), mappingsCommand(env))
	cmd.AddCommand(diffCommand(env), whichCommand(env))
	return cmd
}

// folder returns the DIR argument at index i. Without one it returns the release
// repository that contains the working folder.
func folder(args []string, i int) string {
	if len(args) > i {
		return args[i]
	}
	start, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		switch root := argfile.IsRoot(dir); {
		case root && dir != start:
			return dir
		case root, dir == filepath.Dir(dir):
			return "." // load reports that this is not a release repository
		}
	}
}

// load reads the release repository in a local folder.
func load(dir string) (*release.Tree, error) {
	files, err := cli.OpenTree(dir)
	if err != nil {
		return nil, err
	}
	tree, err := release.Load(files)
	if errors.Is(err, release.ErrNotRelease) {
		return nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%s: %w", dir, err), Hint: "name the root of a release repository"}
	}
	if err != nil {
		return nil, cli.Failf("%s: %w", dir, err)
	}
	return tree, nil
}

// wrong returns an error about settings or configuration exit code 2, and any
// other error exit code 3.
func wrong(err error) error {
	var problems jobgen.Problems
	if errors.As(err, &problems) {
		return cli.Usagef("%w", err)
	}
	return cli.Failf("%w", err)
}

// write replaces files of a release repository: all of them or none, and never
// a file outside the repository.
func write(dir string, files []jobgen.File) error {
	all := make([]atomicfile.File, len(files))
	for i, f := range files {
		all[i] = atomicfile.File{Path: f.Path, Data: f.New}
	}
	if err := atomicfile.WriteAll(dir, all); err != nil {
		return cli.Failf("writing into %s: %w", dir, err)
	}
	return nil
}

// save writes files and lists them on standard error.
func save(env cli.Env, dir string, files []jobgen.File) error {
	if err := write(dir, files); err != nil {
		return err
	}
	wrote(env, files)
	return nil
}

// wrote lists the files that were written.
func wrote(env cli.Env, files []jobgen.File) {
	for _, f := range files {
		text.Fprintf(env.Stderr, "wrote %s\n", f.Path)
	}
}

// notes prints notes and warnings to standard error.
func notes(env cli.Env, list []source.Problem) {
	for _, n := range list {
		text.Fprintf(env.Stderr, "%s: %s\n", n.Severity, n.Error())
		if n.Hint != "" {
			text.Fprintf(env.Stderr, "  hint: %s\n", n.Hint)
		}
	}
}

// indent puts two spaces before each line that is not empty.
func indent(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		if lines[i] != "" {
			lines[i] = "  " + lines[i]
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
