// Package atomicfile replaces files atomically: a reader sees the old or the
// new content, never a part, even if the writer is killed.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Write replaces a file with what write writes: it writes a temporary file in the
// same folder and renames it. It keeps the mode of an existing file. A symbolic link
// stays, and its target is replaced or created. Write does not replace a device or a
// pipe, but writes to it.
//
// A writer that is killed may leave its temporary file, .NAME.*.tmp. The next one
// removes it.
func Write(name string, write func(io.Writer) error) error {
	if info, err := os.Stat(name); err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0 {
		return into(name, write)
	}
	name, err := target(name)
	if err != nil {
		return err
	}
	removeLeftovers(name)
	tmp, err := writeTemporary(name, write)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, name); err != nil {
		os.Remove(tmp)
		return err
	}
	return nil
}

// writeTemporary writes a temporary file in the folder of the named file, and returns
// its name.
func writeTemporary(name string, write func(io.Writer) error) (_ string, err error) {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*"+suffix)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	buf := bufio.NewWriter(tmp)
	if err := write(buf); err != nil {
		return "", err
	}
	if err := buf.Flush(); err != nil {
		return "", err
	}
	if err := tmp.Chmod(mode); err != nil {
		return "", err
	}
	if err := tmp.Sync(); err != nil {
		return "", err
	}
	if err := tmp.Close(); err != nil {
		return "", err
	}
	return tmp.Name(), nil
}

func into(name string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	buf := bufio.NewWriter(f)
	if err := write(buf); err != nil {
		return err
	}
	return buf.Flush()
}

// target returns the file that a name refers to after all symbolic links, even
// if it does not exist yet. The folder has to exist.
func target(name string) (string, error) {
	for range 40 {
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			return "", err
		}
		name = filepath.Join(dir, filepath.Base(name))
		link, err := os.Readlink(name)
		if err != nil { // not a link, or it does not exist
			return name, nil
		}
		if filepath.IsAbs(link) {
			name = link
		} else {
			name = filepath.Join(dir, link)
		}
	}
	return "", &fs.PathError{Op: "write", Path: name, Err: errors.New("too many symbolic links")}
}

const (
	suffix = ".tmp"
	// abandoned is the age from which a temporary file is one of a killed writer. A
	// write takes less than a second.
	abandoned = time.Minute
)

// removeLeftovers removes the temporary files of writers that were killed.
func removeLeftovers(name string) {
	dir, prefix := filepath.Dir(name), "."+filepath.Base(name)+"."
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if leftover(e, prefix) {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// leftover reports whether an entry of a folder is an abandoned temporary file
// with this prefix.
func leftover(e fs.DirEntry, prefix string) bool {
	middle, ours := strings.CutPrefix(e.Name(), prefix)
	middle, tmp := strings.CutSuffix(middle, suffix)
	if !ours || !tmp || middle == "" || strings.Trim(middle, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return false
	}
	info, err := e.Info()
	return err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned
}
