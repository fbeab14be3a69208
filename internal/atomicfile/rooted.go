package atomicfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ErrOutside is the error of a path or a symbolic link that leads out of the folder
// being written.
var ErrOutside = errors.New("the path leads out of the folder being written")

// WriteIn writes files below an open folder and nothing outside of it: a path or a
// symbolic link that leads out is an error, and a link within the folder stays a
// link. It first writes all files as temporary files. If all writes succeed, it
// renames them in order; else the folder is unchanged. It keeps the mode of an
// existing file.
func WriteIn(root *os.Root, files []File) error {
	type pending struct{ from, to string }
	todo := make([]pending, 0, len(files))
	defer func() {
		for _, p := range todo {
			_ = root.Remove(p.from) // renamed ones no longer exist
		}
	}()
	for _, f := range files {
		to, err := targetIn(root, f.Path)
		if err != nil {
			return err
		}
		if err := root.MkdirAll(filepath.FromSlash(path.Dir(to)), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info, err := root.Lstat(filepath.FromSlash(to)); err == nil {
			if !info.Mode().IsRegular() {
				return &fs.PathError{Op: "write", Path: f.Path, Err: errors.New("not a regular file")}
			}
			mode = info.Mode().Perm()
		}
		removeLeftoversIn(root, to)
		from, err := temporaryIn(root, to, f.Data, mode)
		if err != nil {
			return err
		}
		todo = append(todo, pending{from, to})
	}
	for _, p := range todo {
		if err := root.Rename(p.from, filepath.FromSlash(p.to)); err != nil {
			return err
		}
	}
	return nil
}

// CheckIn returns the error of [WriteIn] for a path that leads out of an open folder,
// by itself or through links, or whose links form a loop.
func CheckIn(root *os.Root, name string) error {
	_, err := targetIn(root, name)
	return err
}

// temporaryIn writes a temporary file in the folder of the named file, and returns
// its name.
func temporaryIn(root *os.Root, name string, data []byte, mode fs.FileMode) (_ string, err error) {
	tmp := filepath.FromSlash(path.Join(path.Dir(name), "."+short(path.Base(name))+"."+rand.Text()+suffix))
	f, err := root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			_ = root.Remove(tmp)
		}
	}()
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	if err := f.Chmod(mode); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	return tmp, f.Close()
}

// short shortens the name of a file, so that file systems allow the temporary name.
func short(base string) string {
	const most = 200
	if len(base) > most {
		return base[:most]
	}
	return base
}

// removeLeftoversIn removes the temporary files of writers that were killed.
func removeLeftoversIn(root *os.Root, name string) {
	dir, err := root.Open(filepath.FromSlash(path.Dir(name)))
	if err != nil {
		return
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return
	}
	for _, e := range entries {
		if leftover(e, "."+short(path.Base(name))+".") {
			_ = root.Remove(filepath.FromSlash(path.Join(path.Dir(name), e.Name())))
		}
	}
}

// targetIn returns the file below root that a path refers to after all symbolic
// links, even if it does not exist yet.
func targetIn(root *os.Root, name string) (string, error) {
	outside := &fs.PathError{Op: "write", Path: name, Err: ErrOutside}
	rest := strings.Split(name, "/")
	if !fs.ValidPath(name) || name == "." {
		return "", outside
	}
	at := "."
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if at == "." {
				return "", outside
			}
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, part)
		link, err := root.Readlink(filepath.FromSlash(next))
		if err != nil { // not a link, or it does not exist
			at = next
			continue
		}
		if links++; links > 40 {
			return "", &fs.PathError{Op: "write", Path: name, Err: errors.New("a symbolic link that leads back to itself")}
		}
		link = filepath.ToSlash(link)
		if path.IsAbs(link) || filepath.VolumeName(link) != "" {
			return "", outside
		}
		rest = append(strings.Split(link, "/"), rest...)
	}
	if at == "." {
		return "", outside
	}
	return at, nil
}
