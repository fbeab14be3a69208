package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file to be written, by its path below a folder, with slashes.
type File struct {
	Path string
	Data []byte
}

// WriteAll writes files below a folder. All of them are written into temporary
// files first, and only when that has worked do they take their places, in
// order: where it fails, for want of space or of permission, the folder's files
// are what they were.
func WriteAll(dir string, files []File) error {
	temporary := make([]string, 0, len(files))
	defer func() {
		for _, name := range temporary {
			os.Remove(name) // those that took their places are gone
		}
	}()
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return &fs.PathError{Op: "write", Path: name, Err: errors.New("there is something that is no file")}
		}
		removeLeftovers(name)
		tmp, err := writeTemporary(name, func(w io.Writer) error { _, err := w.Write(f.Data); return err })
		if err != nil {
			return err
		}
		temporary = append(temporary, tmp)
	}
	for i, f := range files {
		if err := os.Rename(temporary[i], filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
			return err
		}
	}
	return nil
}
