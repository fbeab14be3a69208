package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// mappingsOptions are the flags of mappings.
type mappingsOptions struct {
	check, prune bool
	bump         string
}

func mappingsCommand(env cli.Env) *cobra.Command {
	var o mappingsOptions
	cmd := &cobra.Command{
		Use:   "mappings [DIR]",
		Short: "Write mapping files from promotions",
		Long: `Write the mapping files of each set that has a _config.yaml: one file for each
image stream that it names, with a line for each image that ci-operator or the
release controller pushes to the stream.

Sources have the form of source_form in _config.yaml (registry, quay-proxy or
quay). Without it they have the form of the existing files.`,
		Example: `  mirror-jobgen mappings ~/release
  mirror-jobgen mappings --check            # in a presubmit: exit 1 and print a diff if a file is stale
  mirror-jobgen mappings --bump 4.21        # after branching: add the streams and move latest to them`,
		Args: cli.Args,
		RunE: func(_ *cobra.Command, args []string) error { return mappings(env, o, folder(args, 0)) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.check, "check", false, "write nothing; print a diff and exit 1 if files are stale")
	f.BoolVar(&o.prune, "prune", false, "remove files that are no longer generated")
	f.StringVar(&o.bump, "bump", "", "add the streams of `VERSION`, move tags such as latest")
	return cmd
}

func mappings(env cli.Env, o mappingsOptions, dir string) error {
	tree, err := load(dir)
	if err != nil {
		return err
	}
	results, changed, err := generatedMappings(tree, o.bump)
	if err != nil {
		return err
	}
	var stale []jobgen.File
	wrong := 0
	for _, r := range results {
		problems := slices.Concat(r.Config.Problems, r.Problems)
		notes(env, problems)
		for _, p := range problems {
			if p.Severity == source.Error {
				wrong++
			}
		}
		for _, f := range r.Files {
			if f.Changed() {
				changed = append(changed, jobgen.File{Path: f.Path, Old: f.Old, New: f.New})
			}
		}
		for _, m := range r.Stale {
			stale = append(stale, jobgen.File{Path: m.Path, Old: m.Bytes()})
		}
	}
	if wrong > 0 {
		return cli.Usagef("nothing is generated because of %s", text.Plural(wrong, "error"))
	}
	if o.check {
		return checkMappings(env, changed, stale, o.prune)
	}
	return writeMappings(env, dir, changed, stale, o.prune)
}

// generatedMappings generates the files of all sets and, with a version to bump
// to, the changed configuration.
func generatedMappings(tree *release.Tree, bump string) ([]*mapgen.Result, []jobgen.File, error) {
	var sets []*release.Set
	for _, s := range tree.Sets {
		if s.Generated != nil {
			sets = append(sets, s)
		}
	}
	if len(sets) == 0 {
		return nil, nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("no set has a %s, so no mapping file is generated", release.MappingConfigName),
			Hint: "name the root of the repository, or add the file to the folder of the set"}
	}
	if bump == "" {
		return mapgen.All(tree), nil, nil
	}
	if len(sets) > 1 {
		return nil, nil, cli.Usagef("--bump needs one set with a %s, and there are %d", release.MappingConfigName, len(sets))
	}
	config := sets[0].Generated
	text, err := mapgen.Bump(config, bump)
	if err != nil {
		return nil, nil, wrongPlace(err)
	}
	changed := jobgen.File{Path: config.Path, Old: config.Text, New: text}
	result := mapgen.Generate(tree, sets[0], release.ParseMappingConfig(config.Path, text))
	if !changed.Changed() {
		return []*mapgen.Result{result}, nil, nil
	}
	return []*mapgen.Result{result}, []jobgen.File{changed}, nil
}

// wrongPlace turns an error about a file into a configuration error with its
// hint.
func wrongPlace(err error) error {
	var p source.Problem
	if errors.As(err, &p) {
		return &cli.Error{Code: cli.ExitUsage, Err: p, Hint: p.Hint}
	}
	return cli.Usagef("%w", err)
}

func checkMappings(env cli.Env, changed, stale []jobgen.File, prune bool) error {
	var patch strings.Builder
	for _, f := range changed {
		patch.Write(f.Diff())
	}
	for _, f := range stale {
		if prune {
			patch.Write(f.Diff())
		} else {
			text.Fprintf(env.Stderr, "no longer generated: %s\n", f.Path)
		}
	}
	if _, err := env.Stdout.Write([]byte(text.Block(patch.String()))); err != nil {
		return cli.Failf("printing the diff: %w", err)
	}
	if len(changed)+len(stale) == 0 {
		return nil
	}
	hint := "run 'mirror-jobgen mappings' and commit what it writes"
	if len(stale) > 0 {
		hint = "run 'mirror-jobgen mappings --prune' and commit what it writes and removes"
	}
	return &cli.Error{Code: cli.ExitFindings, Err: fmt.Errorf("%s not current", text.Plural(len(changed)+len(stale), "generated file")), Hint: hint}
}

func writeMappings(env cli.Env, dir string, changed, stale []jobgen.File, prune bool) error {
	if err := save(env, dir, changed); err != nil {
		return err
	}
	if !prune {
		for _, f := range stale {
			text.Fprintf(env.Stderr, "no longer generated: %s\nhint: --prune removes it\n", f.Path)
		}
		return nil
	}
	root, err := os.OpenRoot(dir) // a link in the tree must not lead out of it
	if err != nil {
		return cli.Failf("%w", err)
	}
	defer root.Close()
	for _, f := range stale {
		if err := root.Remove(filepath.FromSlash(f.Path)); err != nil {
			return cli.Failf("removing %s: %w", f.Path, err)
		}
		text.Fprintf(env.Stderr, "removed %s\n", f.Path)
	}
	return nil
}
