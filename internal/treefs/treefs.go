// Package treefs is a file system of a local folder with untrusted content. No link
// leads out of it.
//
// It promises:
//
//   - no path and no symbolic link leads out of the folder; a link that stays
//     inside is followed;
//   - only regular files and folders are opened, so that no read blocks: a
//     device, a pipe or a socket is an error;
//   - an error names the requested path, never the target of a link;
//   - no file of more than [MaxFile] bytes is read into memory.
package treefs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// MaxFile is the maximum size in bytes of a file that is read into memory. Callers
// that read a known kind of file set a lower limit.
const MaxFile = 64 << 20

// Errors of a path that no permissions make readable. They are wrapped in a
// [fs.PathError].
var (
	ErrOutside = errors.New("a symbolic link that leads out of the repository")
	ErrLoop    = errors.New("a symbolic link that leads back to itself")
	ErrSpecial = errors.New("not a regular file")
	ErrTooBig  = errors.New("too large to read")
)

// FS is the content of a folder. It is safe for concurrent use.
type FS struct {
	root    *os.Root
	escapes error // the error of os.Root for a path that leads out
	folders folders
}

// Open opens a folder, whose path may be a link. Close it when done.
func Open(dir string) (*FS, error) {
	info, err := os.Stat(dir) // opening a pipe would block
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &FS{root: root}
	if _, err := root.Lstat(".."); err != nil {
		f.escapes = reason(err)
	}
	return f, nil
}

// Root returns the folder for writing.
func (f *FS) Root() *os.Root { return f.root }

// Folder opens a folder in it. No link leads out of that folder. Close it when done.
func (f *FS) Folder(name string) (*FS, error) {
	root, err := f.root.OpenRoot(name)
	if err != nil {
		return nil, f.explain("open", name, err)
	}
	return &FS{root: root, escapes: f.escapes}, nil
}

// Close closes the folder.
func (f *FS) Close() error {
	f.folders.close()
	return f.root.Close()
}

// Inside returns the path of a local file relative to the folder. It returns false if
// the path of the file is not below the folder.
func (f *FS) Inside(file string) (string, bool) {
	dir, err := filepath.Abs(f.root.Name())
	if err != nil {
		return "", false
	}
	file, err = filepath.Abs(file)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(dir, file)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// Open implements [fs.FS].
func (f *FS) Open(name string) (fs.File, error) {
	file, _, err := f.open(name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// open opens a regular file or a folder and never blocks.
func (f *FS) open(name string) (*os.File, fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	// Most paths contain no link. Opening them from their own folder takes one step
	// instead of one for each folder of the path.
	if dir := f.folders.get(f.root, path.Dir(name)); dir != nil {
		if file, info, err := open(dir, path.Base(name)); err == nil {
			return file, info, nil
		}
	}
	file, info, err := open(f.root, name)
	if err != nil {
		return nil, nil, f.explain("open", name, err)
	}
	return file, info, nil
}

func open(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	// Without O_NONBLOCK, opening a pipe blocks until somebody writes to it.
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = openable(info)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

func openable(info fs.FileInfo) error {
	kind := ""
	switch mode := info.Mode(); {
	case mode.IsRegular(), mode.IsDir():
		return nil
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	default:
		return ErrSpecial
	}
	return fmt.Errorf("%s, %w", kind, ErrSpecial)
}

// explain replaces the error of a system call with one that does not show the target
// of a link.
func (f *FS) explain(op, name string, err error) error {
	err = reason(err)
	switch {
	case f.escapes != nil && errors.Is(err, f.escapes):
		err = ErrOutside
	case errors.Is(err, syscall.ELOOP):
		err = ErrLoop
	case errors.Is(err, syscall.ENXIO): // a socket, or a device without a driver
		err = ErrSpecial
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// reason returns an error without its path.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// ReadFile implements [fs.ReadFileFS].
func (f *FS) ReadFile(name string) ([]byte, error) { return f.ReadFileAtMost(name, MaxFile) }

// ReadFileAtMost is ReadFile with a limit in bytes. For a larger file it returns
// [ErrTooBig] and reads nothing.
func (f *FS) ReadFileAtMost(name string, most int64) ([]byte, error) {
	file, info, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	switch {
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	case info.Size() > most:
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooBig}
	}
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := file.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, f.explain("read", name, err)
		case int64(len(data)) > most: // it grows
			return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooBig}
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, 1)
		}
	}
}

// ReadDir implements [fs.ReadDirFS].
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	dir, _, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return nil, f.explain("read", name, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Stat implements [fs.StatFS].
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, f.explain("stat", name, err)
	}
	return info, nil
}
