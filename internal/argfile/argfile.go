// Package argfile reads and writes the files that are named on a command line.
//
// It promises that for a file in a release repository, whose links somebody
// else may have made, no symbolic link leads out of the repository, and nothing
// is opened that can block. Links outside of a repository are followed wherever
// they lead.
package argfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// IsRoot reports whether a folder is the root of a release repository.
func IsRoot(dir string) bool {
	tree, err := treefs.Open(dir)
	if err != nil {
		return false
	}
	defer tree.Close()
	layout := release.LayoutOf(tree)
	for _, name := range []string{layout.Mirroring, layout.Jobs} {
		info, err := tree.Stat(name)
		isFolder := name == layout.Mirroring // the other is a file
		if err == nil && info.IsDir() == isFolder || errors.Is(err, treefs.ErrOutside) || errors.Is(err, treefs.ErrLoop) {
			return true
		}
	}
	return false
}

// repository opens the outermost release repository that contains a name, and
// returns the path of the name in it. The tree is nil outside of a repository.
// A link in a repository may lead to another repository.
func repository(name string) (*treefs.FS, string, error) {
	file, err := filepath.Abs(name)
	if err != nil {
		return nil, "", err
	}
	root := ""
	for dir := file; ; dir = filepath.Dir(dir) {
		if IsRoot(dir) {
			root = dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if root == "" {
		return nil, "", nil
	}
	tree, err := treefs.Open(root)
	if err != nil {
		return nil, "", err
	}
	in, ok := tree.Inside(file)
	if !ok {
		tree.Close()
		return nil, "", fmt.Errorf("%s: %w", name, atomicfile.ErrOutside)
	}
	return tree, in, nil
}

// Write replaces a file whole, as [atomicfile.Write] does. Its folder has to
// exist.
func Write(name string, write func(io.Writer) error) error {
	tree, in, err := repository(name)
	if err != nil {
		return err
	}
	if tree == nil {
		return atomicfile.Write(name, write)
	}
	defer tree.Close()
	if _, err := tree.Stat(path.Dir(in)); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	return atomicfile.WriteIn(tree.Root(), []atomicfile.File{{Path: in, Data: text.Bytes()}})
}

// MkdirAll creates a folder and its missing parents.
func MkdirAll(dir string) error {
	tree, in, err := repository(dir)
	if err != nil {
		return err
	}
	if tree == nil {
		return os.MkdirAll(dir, 0o755)
	}
	defer tree.Close()
	err = tree.Root().MkdirAll(filepath.FromSlash(in), 0o755)
	if _, e := tree.Stat(in); e != nil && !errors.Is(e, fs.ErrNotExist) {
		return e // names no target of a link, as the error of the system may
	}
	return err
}

// OpenFolder opens a folder for reading and writing below it.
func OpenFolder(dir string) (*treefs.FS, error) {
	tree, in, err := repository(dir)
	if err != nil {
		return nil, err
	}
	if tree == nil {
		return treefs.Open(dir)
	}
	defer tree.Close()
	return tree.Folder(in)
}

// Open opens a file for reading.
func Open(name string) (fs.File, error) {
	tree, in, err := repository(name)
	if err != nil {
		return nil, err
	}
	if tree == nil {
		return os.Open(name)
	}
	defer tree.Close()
	return tree.Open(in)
}
