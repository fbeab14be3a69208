// Package place finds the release repository, and the part of it, that a
// command line names.
package place

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// Place is the release repository, or the part of it, that a command is about.
type Place struct {
	Root string // the root of the repository, as the caller would write it
	Part string // a file or folder in it, relative and with slashes; "" for all of it
}

// Find resolves the argument of a command: a folder of a release repository, a
// file in it, or the name of a set. The root is the nearest folder upward that
// is one. "" means the whole repository that the working folder is in. An
// argument without a root above it is returned as the root, so that loading it
// reports what is missing. The argument may be a misspelling of one of
// commands.
func Find(arg string, commands ...string) (Place, error) {
	if arg == "" {
		root, ok := rootAbove(".")
		if !ok {
			root = "."
		}
		return Place{Root: root}, nil
	}
	info, err := os.Stat(arg)
	if errors.Is(err, fs.ErrNotExist) {
		return findSet(arg, fmt.Errorf("%s: %w", arg, fs.ErrNotExist), commands)
	}
	if err != nil {
		return Place{}, cli.Usagef("%w", err)
	}
	dir := arg
	if !info.IsDir() {
		dir = filepath.Dir(arg)
	}
	root, ok := rootAbove(dir)
	switch {
	case !ok && !info.IsDir():
		return Place{}, cli.Usagef("%s is not a folder and is not in a release repository", arg)
	case !ok:
		return Place{Root: arg}, nil
	}
	part, err := relative(root, arg)
	if err != nil {
		return Place{}, cli.Failf("%w", err)
	}
	return Place{Root: root, Part: part}, nil
}

// findSet reads an argument that is not a file as the name of a set.
func findSet(name string, notThere error, commands []string) (Place, error) {
	root, ok := rootAbove(".")
	if !ok || strings.ContainsAny(name, `/\`) {
		return Place{}, &cli.Error{Code: cli.ExitUsage, Err: notThere, Hint: suggest.Hint(name, commands, "")}
	}
	sets := layoutOf(root).Mirroring
	dir := path.Join(sets, name)
	if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(dir))); err == nil && info.IsDir() {
		return Place{Root: root, Part: dir}, nil
	}
	words := slices.Clone(commands)
	entries, _ := os.ReadDir(filepath.Join(root, filepath.FromSlash(sets)))
	for _, e := range entries {
		if e.IsDir() {
			words = append(words, e.Name())
		}
	}
	return Place{}, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%s is not a folder, a file or a set of %s", name, root),
		Hint: suggest.Hint(name, words, "the sets are the folders of "+sets)}
}

// rootAbove finds the root of a release repository from a folder in it upward.
func rootAbove(dir string) (string, bool) {
	at := filepath.Clean(dir)
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", false
	}
	for {
		if argfile.IsRoot(at) {
			return at, true
		}
		up := filepath.Dir(absolute)
		if up == absolute {
			return "", false
		}
		absolute = up
		if at = filepath.Join(at, ".."); filepath.IsAbs(dir) {
			at = absolute
		}
	}
}

// layoutOf returns the layout of the repository in a folder.
func layoutOf(root string) release.Layout {
	tree, err := treefs.Open(root)
	if err != nil {
		return release.DefaultLayout()
	}
	defer tree.Close()
	return release.LayoutOf(tree)
}

// relative returns a path below a root with slashes, "" for the root itself.
func relative(root, name string) (string, error) {
	from, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	part, err := filepath.Rel(from, to)
	if err != nil || part == "." {
		return "", err
	}
	return filepath.ToSlash(part), nil
}

// Has reports whether a file of the repository belongs to the place.
func (p Place) Has(file string) bool {
	return p.Part == "" || file == p.Part || strings.HasPrefix(file, p.Part+"/")
}
