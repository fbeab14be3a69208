// Package overlay is a file system with some files added, replaced or removed, in
// memory.
package overlay

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS is a base file system with changes over it. Names are those of [fs.ValidPath].
type FS struct {
	Base  fs.FS
	Files map[string][]byte // added or replaced
	Gone  map[string]bool   // removed, unless Files has them
}

// ReadFile implements [fs.ReadFileFS].
func (o FS) ReadFile(name string) ([]byte, error) {
	if data, ok := o.Files[name]; ok {
		return slices.Clone(data), nil
	}
	if o.Gone[name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return fs.ReadFile(o.Base, name)
}

// Open implements [fs.FS].
func (o FS) Open(name string) (fs.File, error) {
	if data, ok := o.Files[name]; ok {
		return &memFile{memInfo{path.Base(name), int64(len(data)), false}, bytes.NewReader(data)}, nil
	}
	if o.Gone[name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return o.Base.Open(name)
}

// ReadDir implements [fs.ReadDirFS].
func (o FS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.Base, name)
	added := map[string]memInfo{}
	for file, data := range o.Files {
		rest, ok := strings.CutPrefix(file, name+"/")
		if name == "." {
			rest, ok = file, true
		}
		if !ok {
			continue
		}
		base, _, deeper := strings.Cut(rest, "/")
		added[base] = memInfo{base, int64(len(data)), deeper}
	}
	if err != nil && len(added) == 0 {
		return nil, err
	}
	entries = slices.DeleteFunc(slices.Clone(entries), func(e fs.DirEntry) bool {
		if o.Gone[path.Join(name, e.Name())] {
			return true
		}
		info, ok := added[e.Name()]
		if ok && info.dir {
			delete(added, e.Name()) // a folder that is there stays
			return false
		}
		return ok
	})
	for _, info := range added {
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// memFile is a file of FS.Files.
type memFile struct {
	info memInfo
	*bytes.Reader
}

// Stat implements fs.File.
func (f *memFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (f *memFile) Close() error { return nil }

type memInfo struct {
	name string
	size int64
	dir  bool
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return i.dir }
func (i memInfo) Sys() any           { return nil }
func (i memInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
