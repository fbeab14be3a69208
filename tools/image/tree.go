package main

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is one file or, with a name that ends in a slash, one folder.
type file struct {
	name string // relative, with slashes
	mode fs.FileMode
	data []byte
}

// writeTar writes files, and the folders they need, in order of name. All have the
// time t and belong to root.
func writeTar(w io.Writer, files []file, t time.Time) error {
	tw := tar.NewWriter(w)
	for _, f := range withFolders(files) {
		h := &tar.Header{
			Name: f.name, Mode: tarMode(f.mode), Size: int64(len(f.data)), ModTime: t,
			Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
		}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		if _, err := tw.Write(f.data); err != nil {
			return err
		}
	}
	return tw.Close()
}

func tarMode(m fs.FileMode) int64 {
	n := int64(m.Perm())
	if m&fs.ModeSticky != 0 {
		n |= 0o1000
	}
	return n
}

// withFolders adds the folders of files and sorts all of them.
func withFolders(files []file) []file {
	all := slices.Clone(files)
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.name] = true
	}
	for _, f := range files {
		for dir := path.Dir(strings.TrimSuffix(f.name, "/")); dir != "."; dir = path.Dir(dir) {
			if !seen[dir+"/"] {
				seen[dir+"/"] = true
				all = append(all, file{name: dir + "/", mode: 0o755})
			}
		}
	}
	slices.SortFunc(all, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return all
}

// writeFiles writes files below a folder.
func writeFiles(dir string, files []file) error {
	for _, f := range withFolders(files) {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		var err error
		if strings.HasSuffix(f.name, "/") {
			err = os.MkdirAll(name, 0o755)
		} else {
			err = os.WriteFile(name, f.data, f.mode)
		}
		if err == nil { // whatever the umask says
			err = os.Chmod(name, f.mode)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tarBytes is writeTar into memory.
func tarBytes(files []file, t time.Time) ([]byte, error) {
	var b bytes.Buffer
	err := writeTar(&b, files, t)
	return b.Bytes(), err
}
