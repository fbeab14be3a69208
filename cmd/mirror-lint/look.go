package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/place"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// look applies the rules to a folder, after fixing it if --fix is given. A nil
// result means that everything has been printed.
func (o options) look(env cli.Env, at place.Place, keep filter) (*validate.Result, *release.Tree, error) {
	dir := at.Root
	files, err := cli.OpenTree(dir)
	if err != nil {
		return nil, nil, err
	}
	if o.fix {
		changes, result, tree, err := validate.ApplyFixes(files, o.toFix(env, at, keep), validate.Rules()...)
		if err != nil {
			return nil, nil, loadError(dir, err)
		}
		if o.diff {
			return nil, nil, printChanges(env, changes)
		}
		if err := makeChanges(env.Stderr, files.Root(), changes); err != nil {
			return nil, nil, cli.Failf("fixing: %w", err)
		}
		return result, tree, nil
	}
	tree, err := release.Load(files)
	if err != nil {
		return nil, nil, loadError(dir, err)
	}
	return validate.Run(tree, validate.Rules()...), tree, nil
}

// toFix chooses the findings that --fix may fix: those that the other flags leave,
// at the place that was named. What is known already is not touched.
func (o options) toFix(env cli.Env, at place.Place, keep filter) func(*release.Tree, *validate.Result) ([]validate.Finding, error) {
	return func(tree *release.Tree, found *validate.Result) ([]validate.Finding, error) {
		r := validate.Result{Findings: slices.Clone(found.Findings), Skipped: slices.Clone(found.Skipped)}
		if !o.known.write {
			if err := o.known.narrow(env, at.Root, tree, &r); err != nil {
				return nil, err
			}
		}
		return slices.DeleteFunc(r.Findings, func(f validate.Finding) bool { return !keep.wants(f) || !at.Has(f.Pos.File) }), nil
	}
}

func loadError(dir string, err error) error {
	var said *cli.Error
	if errors.As(err, &said) {
		return err
	}
	if errors.Is(err, release.ErrNotRelease) {
		return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%s: %w", dir, err), Hint: "name the root of a release repository"}
	}
	return cli.Failf("%s: %w", dir, err)
}

// printChanges prints the changes as a patch for git apply.
func printChanges(env cli.Env, changes []validate.Change) error {
	for _, c := range changes {
		patch := string(diff.Diff(text.PatchName("a/"+c.From), c.Old, text.PatchName("b/"+c.To), c.New))
		if c.From != c.To {
			patch = fmt.Sprintf("rename from %s\nrename to %s\n", text.PatchName(c.From), text.PatchName(c.To)) + patch
		}
		if err := cli.PrintPatch(env, patch); err != nil {
			return err
		}
	}
	return nil
}

// makeChanges writes every changed file whole, below the root of the repository
// and never outside of it. A file that gets another name is renamed before it is
// changed, so that it is never there twice. What a symbolic link leads to is
// changed in its place, unless that is outside: then nothing is changed at all.
func makeChanges(log io.Writer, root *os.Root, changes []validate.Change) error {
	for _, c := range changes {
		if err := mayChange(root, c); err != nil {
			return err
		}
	}
	for _, c := range changes {
		done := "fixed " + c.To
		if c.From != c.To {
			if err := root.Rename(filepath.FromSlash(c.From), filepath.FromSlash(c.To)); err != nil {
				return err
			}
			done = fmt.Sprintf("fixed and renamed %s to %s", c.From, c.To)
		}
		if !bytes.Equal(c.Old, c.New) {
			if err := atomicfile.WriteIn(root, []atomicfile.File{{Path: c.To, Data: c.New}}); err != nil {
				return err
			}
		}
		fmt.Fprintln(log, text.Line(done))
	}
	return nil
}

// mayChange returns the reason why a change cannot be made.
func mayChange(root *os.Root, c validate.Change) error {
	if c.From != c.To {
		if _, err := root.Lstat(filepath.FromSlash(c.To)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already: nothing was changed", c.To)
		}
	}
	if err := atomicfile.CheckIn(root, c.From); err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	return nil
}
