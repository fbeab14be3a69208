package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// history reads what mapping files in the folders of those given wrote since a
// revision, changes that are not committed included, and what other mapping files
// in these folders and beside them write now.
func (o *options) history(args []string, since string) (once, now []mapping.Pair, err error) {
	names, _, err := o.sort(args)
	if err != nil {
		return nil, nil, err
	}
	h := history{since: since, bases: map[string]bool{}}
	var dirs []string
	for _, name := range names {
		if name == "-" {
			continue
		}
		h.bases[filepath.Base(name)] = true
		dirs = append(dirs, filepath.Dir(name))
		if info, err := os.Stat(name); err == nil {
			h.given = append(h.given, info)
		}
	}
	if len(dirs) == 0 {
		return nil, nil, cli.Usagef("--since needs mapping files of a git checkout: name them with -f")
	}
	slices.Sort(dirs)
	var beside []string
	for _, dir := range slices.Compact(dirs) {
		above, err := h.committed(dir)
		if err != nil {
			return nil, nil, cli.Usagef("--since %s: %w", since, err)
		}
		beside = append(beside, above)
	}
	slices.Sort(beside)
	for _, dir := range slices.Compact(beside) {
		if err := h.present(dir); err != nil {
			return nil, nil, cli.Failf("reading the mapping files in %s: %w", dir, err)
		}
	}
	return h.once, h.now, nil
}

type history struct {
	since     string
	bases     map[string]bool // names of files that are mapping files whatever they are called
	given     []fs.FileInfo   // files that are in the plan
	once, now []mapping.Pair
}

func (h *history) wanted(name string) bool {
	return strings.HasPrefix(name, "mapping_") || h.bases[name]
}

// committed reads the mapping files that a folder has had since the revision.
// beside is the parent folder, or the folder itself at the root of the
// checkout.
func (h *history) committed(dir string) (beside string, err error) {
	lines, err := gitfs.Removed(dir, h.since, ".", h.wanted)
	if err != nil {
		return "", err
	}
	h.once = slices.AppendSeq(h.once, mapping.Parse("removed lines", lines).Pairs())
	head, err := gitfs.Open(dir, "HEAD")
	if err != nil && !errors.Is(err, gitfs.ErrRevision) {
		return "", err
	}
	if err == nil { // else the folder is new
		defer head.Close()
		if err := h.read(head, &h.once); err != nil {
			return "", err
		}
	}
	if top, err := gitfs.Top(dir); err != nil || top {
		return dir, err
	}
	return filepath.Join(dir, ".."), nil
}

// present reads what the mapping files below a folder write now, but for those
// that are in the plan.
func (h *history) present(dir string) error {
	tree, err := treefs.Open(dir)
	if err != nil {
		return err
	}
	defer tree.Close()
	return h.read(tree, &h.now)
}

func (h *history) read(tree fs.FS, into *[]mapping.Pair) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.Type().IsRegular() || !h.wanted(d.Name()):
			return nil
		}
		if info, err := d.Info(); err == nil && slices.ContainsFunc(h.given, func(g fs.FileInfo) bool { return os.SameFile(g, info) }) {
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		*into = slices.AppendSeq(*into, mapping.Parse(name, data).Pairs())
		return nil
	})
}
