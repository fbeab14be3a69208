package gitfs

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// Differs reports whether files below some folders of dir are not the same at
// two revisions. With "" for the second one it compares with the files that lie
// there now, those that git does not track among them. It compares bytes: no
// driver, filter or conversion that the checkout asks for is run.
func Differs(dir, from, to string, folders ...string) (bool, error) {
	before, err := Open(dir, from)
	if err != nil {
		return false, err
	}
	defer before.Close()
	if to != "" {
		after, err := Open(dir, to)
		if err != nil {
			return false, err
		}
		defer after.Close()
		return differs(before.files, after.files, folders), nil
	}
	now, err := treefs.Open(dir)
	if err != nil {
		return false, err
	}
	defer now.Close()
	return before.differsFrom(now, folders)
}

// differs compares what lies below folders at two revisions.
func differs(before, after map[string]object, folders []string) bool {
	n := 0
	for name, o := range before {
		if !below(name, folders) {
			continue
		}
		if n++; after[name] != o {
			return true
		}
	}
	for name := range after {
		if below(name, folders) {
			n--
		}
	}
	return n != 0
}

// below reports whether a file is one of some files, or lies below one of some
// folders.
func below(name string, folders []string) bool {
	for _, f := range folders {
		if name == f || strings.HasPrefix(name, f+"/") {
			return true
		}
	}
	return false
}

var errDiffers = errors.New("it differs")

// differsFrom compares what lies below folders with the files there now.
func (f *FS) differsFrom(now *treefs.FS, folders []string) (bool, error) {
	seen := map[string]bool{}
	for _, folder := range folders {
		err := fs.WalkDir(now, folder, func(name string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case e.IsDir():
				return nil
			}
			o, ok := f.files[name]
			if !ok || o.symlink != (e.Type()&fs.ModeSymlink != 0) {
				return errDiffers
			}
			seen[name] = true
			return f.same(now, name, o)
		})
		if errors.Is(err, errDiffers) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	for name := range f.files {
		if below(name, folders) && !seen[name] {
			return true, nil
		}
	}
	return false, nil
}

// same gives errDiffers when a file is not what it was at the revision.
func (f *FS) same(now *treefs.FS, name string, o object) error {
	was, err := f.object(o.id)
	if err != nil {
		return err
	}
	var is []byte
	if o.symlink {
		var target string
		target, err = now.Root().Readlink(name)
		is = []byte(target)
	} else {
		is, err = now.ReadFile(name)
	}
	if err == nil && !bytes.Equal(is, was) {
		err = errDiffers
	}
	return err
}

// Contains reports whether a revision contains another one in its history. In a
// shallow clone nobody knows; then it reports true.
func Contains(dir, revision, older string) (bool, error) {
	for _, r := range []string{revision, older} {
		if err := plain(r); err != nil {
			return false, err
		}
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
