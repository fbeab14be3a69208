package gitfs

import (
	"cmp"
	"crypto/sha1" // #nosec G505 -- git names files by SHA-1; it proves nothing here
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/flight"
)

// Changed returns the sorted files below some folders that differ between a
// revision and another tree: another revision, or the working tree with
// untracked files. It compares bytes and runs no driver, filter or conversion
// of the checkout. Only files with one of the extensions count, such as
// ".yaml".
func Changed(from *FS, to fs.FS, extensions, folders []string) ([]string, error) {
	now, err := objects(from, to, extensions, folders)
	if err != nil {
		return nil, err
	}
	var names []string
	for name, o := range from.files {
		if now[name] != o && slices.Contains(extensions, path.Ext(name)) && below(name, folders) {
			names = append(names, name)
		}
	}
	for name := range now {
		if _, ok := from.files[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// objects returns the files of a tree with git's object names.
func objects(from *FS, to fs.FS, extensions, folders []string) (map[string]object, error) {
	out := map[string]object{}
	if revision, ok := to.(*FS); ok {
		for name, o := range revision.files {
			if slices.Contains(extensions, path.Ext(name)) && below(name, folders) {
				out[name] = o
			}
		}
		return out, nil
	}
	var names []string
	for _, folder := range folders {
		err := fs.WalkDir(to, folder, func(name string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case e.Type()&fs.ModeSymlink != 0 && slices.Contains(extensions, path.Ext(name)):
				out[name] = object{symlink: true} // its target has to be compared
			case e.Type().IsRegular() && slices.Contains(extensions, path.Ext(name)):
				names = append(names, name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	ids := hashed(to, names, from.hash())
	for i, name := range names {
		out[name] = object{id: ids[i]}
	}
	return out, nil
}

// below reports whether a file is one of some files or below one of some
// folders.
func below(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return name == f || strings.HasPrefix(name, f+"/") })
}

// hash returns the hash by which the repository names its objects.
func (f *FS) hash() func() hash.Hash {
	for _, o := range f.files {
		if len(o.id) == hex.EncodedLen(sha256.Size) {
			return sha256.New
		}
	}
	return sha1.New
}

// hashed returns git's object names of files. An unreadable file has none, so
// that it counts as changed.
func hashed(tree fs.FS, names []string, sum func() hash.Hash) []string {
	ids := make([]string, len(names))
	flight.Each(len(names), runtime.GOMAXPROCS(0), func(i int) {
		data, err := fs.ReadFile(tree, names[i])
		if err != nil {
			return
		}
		h := sum()
		fmt.Fprintf(h, "blob %d\x00", len(data))
		h.Write(data)
		ids[i] = hex.EncodeToString(h.Sum(nil))
	})
	return ids
}

// Contains reports whether the history of a revision contains another one. It
// returns true in a shallow clone, where that is unknown.
func Contains(dir, revision, older string) (bool, error) {
	if err := cmp.Or(plain(revision), plain(older)); err != nil {
		return false, err
	}
	shallow, err := git(dir, "rev-parse", "--is-shallow-repository")
	if err != nil || strings.TrimSpace(string(shallow)) == "true" {
		return true, err
	}
	_, err = git(dir, "merge-base", "--is-ancestor", older, revision)
	if errors.Is(err, errSilent) {
		return false, nil
	}
	return true, err
}
