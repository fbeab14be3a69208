// Package gitfs is a file system of a git revision: the content of a folder at a
// commit, without a checkout.
//
// It lists the tree once and reads files on demand through one "git cat-file"
// process. It never writes, and needs only the objects of that commit (a
// shallow clone is enough). It is safe for concurrent use.
package gitfs

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// Reasons why a revision cannot be opened. Any other error is git's own.
var (
	ErrRevision = errors.New("no such git revision")
	// [Open] wraps ErrNoCheckout and ErrShallow together with ErrRevision: no
	// checkout contains the folder, or the clone does not have all commits.
	ErrNoCheckout = errors.New("not a git checkout")
	ErrShallow    = errors.New("the clone is shallow")
)

// FS is the content of a folder at a revision.
type FS struct {
	files   map[string]object   // by path
	folders map[string][]string // names in a folder, sorted

	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	dir string
}

type object struct {
	id      string
	symlink bool
}

// Open lists the content of dir, a folder of a git checkout, at a revision.
// Close it when done.
func Open(dir, revision string) (*FS, error) {
	if err := cmp.Or(plain(revision), harmless(dir)); err != nil {
		return nil, err
	}
	prefix, err := git(dir, "rev-parse", "--show-prefix")
	if errors.Is(err, ErrNoCheckout) {
		return nil, fmt.Errorf("%w: %s: %w", ErrRevision, dir, err)
	} else if err != nil {
		return nil, err
	}
	commit, err := git(dir, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
	if errors.Is(err, errSilent) {
		if shallow, err := git(dir, "rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(string(shallow)) == "true" {
			return nil, fmt.Errorf("%w: %s: %w", ErrRevision, revision, ErrShallow)
		}
		return nil, fmt.Errorf("%w: %s", ErrRevision, revision)
	} else if err != nil {
		return nil, err
	}
	folder := strings.TrimSuffix(strings.TrimSuffix(string(prefix), "\n"), "/")
	tree, err := git(dir, "rev-parse", "--verify", "--quiet", strings.TrimSpace(string(commit))+":"+folder)
	if errors.Is(err, errSilent) {
		return nil, fmt.Errorf("%w: %s has no folder %s", ErrRevision, revision, folder)
	} else if err != nil {
		return nil, err
	}
	f := &FS{files: map[string]object{}, folders: map[string][]string{".": nil}, dir: dir}
	if err := f.fill(strings.TrimSpace(string(tree)), maxEntries, maxNames); err != nil {
		return nil, fmt.Errorf("the revision %s: %w", revision, err)
	}
	return f, nil
}

// fill lists a tree of git within limits. Trees may share subtrees, so a small
// repository can have an enormous tree.
func (f *FS) fill(tree string, entries, names int) error {
	listed, size := 0, 0
	err := run(f.dir, func(out io.Reader) error {
		list := bufio.NewScanner(out)
		list.Buffer(nil, maxName)
		list.Split(byNUL)
		for list.Scan() {
			entry := list.Text()
			if listed++; listed > entries {
				return fmt.Errorf("%w: it has more than %d files and folders", treefs.ErrTooBig, entries)
			}
			if size += len(entry); size > names {
				return fmt.Errorf("%w: the names of its files have more than %d bytes", treefs.ErrTooBig, names)
			}
			meta, name, ok := strings.Cut(entry, "\t")
			fields := strings.Fields(meta)
			if !ok || len(fields) != 3 || fields[1] != "blob" {
				continue // a folder or a submodule
			}
			f.files[name] = object{id: fields[2], symlink: fields[0] == "120000"}
			f.list(name)
		}
		return list.Err()
	}, "ls-tree", "-r", "-t", "-z", "--full-tree", tree)
	for _, names := range f.folders {
		slices.Sort(names)
	}
	return err
}

// list adds a name to its folder, and the folder to its own.
func (f *FS) list(name string) {
	for name != "." {
		dir, base := path.Dir(name), path.Base(name)
		_, known := f.folders[dir]
		f.folders[dir] = append(f.folders[dir], base)
		if known {
			return
		}
		name = dir
	}
}

// Close ends the process that reads objects.
func (f *FS) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cmd == nil {
		return nil
	}
	f.in.Close()
	err := f.cmd.Wait()
	f.cmd = nil
	return err
}

// resolve follows symbolic links within the tree.
func (f *FS) resolve(name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", fs.ErrInvalid
	}
	for range 40 {
		link := ""
		for dir := name; dir != "."; dir = path.Dir(dir) {
			if o, ok := f.files[dir]; ok && o.symlink {
				link = dir
			}
		}
		if link == "" {
			return name, nil
		}
		target, err := f.object(f.files[link].id)
		if err != nil {
			return "", err
		}
		next := path.Join(path.Dir(link), string(target), strings.TrimPrefix(name, link))
		if path.IsAbs(string(target)) || !fs.ValidPath(next) {
			return "", treefs.ErrOutside
		}
		name = next
	}
	return "", treefs.ErrLoop
}

// ReadFile implements [fs.ReadFileFS].
func (f *FS) ReadFile(name string) ([]byte, error) { return f.ReadFileAtMost(name, treefs.MaxFile) }

// ReadFileAtMost is ReadFile with a limit in bytes. For a larger file it returns
// [treefs.ErrTooBig].
func (f *FS) ReadFileAtMost(name string, most int64) ([]byte, error) {
	real, err := f.resolve(name)
	if err == nil {
		if o, ok := f.files[real]; ok {
			data, err := f.objectAtMost(o.id, int(most))
			if err != nil {
				return nil, &fs.PathError{Op: "read", Path: name, Err: err}
			}
			return data, nil
		}
		err = fs.ErrNotExist
		if _, ok := f.folders[real]; ok {
			err = errors.New("is a directory")
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: err}
}

// ReadDir implements [fs.ReadDirFS].
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	real, err := f.resolve(name)
	names, ok := f.folders[real]
	if err != nil || !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	out := make([]fs.DirEntry, 0, len(names))
	for _, n := range names {
		out = append(out, f.info(path.Join(real, n), n))
	}
	return out, nil
}

// Stat implements [fs.StatFS].
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	real, err := f.resolve(name)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	_, file := f.files[real]
	_, folder := f.folders[real]
	if !file && !folder {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return f.info(real, path.Base(name)), nil
}

// Open implements [fs.FS].
func (f *FS) Open(name string) (fs.File, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		entries, err := f.ReadDir(name)
		return &folder{entry: info.(entry), rest: entries}, err
	}
	data, err := f.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &file{entry: info.(entry), Reader: bytes.NewReader(data)}, nil
}

func (f *FS) info(real, name string) entry {
	if o, ok := f.files[real]; ok {
		mode := fs.FileMode(0o644)
		if o.symlink {
			mode |= fs.ModeSymlink
		}
		return entry{name: name, mode: mode, size: func() int64 {
			data, err := f.object(o.id)
			if err != nil {
				return 0 // reading the file returns the error
			}
			return int64(len(data))
		}}
	}
	return entry{name: name, mode: fs.ModeDir | 0o755}
}

// object reads one object from the process, which is started on the first call.
func (f *FS) object(id string) ([]byte, error) { return f.objectAtMost(id, treefs.MaxFile) }

// objectAtMost is object with a limit in bytes.
func (f *FS) objectAtMost(id string, most int) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cmd == nil {
		cmd := command(f.dir, "cat-file", "--batch")
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		f.cmd, f.in, f.out = cmd, in, bufio.NewReaderSize(out, 64<<10)
	}
	if _, err := io.WriteString(f.in, id+"\n"); err != nil {
		return nil, err
	}
	header, err := f.out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(header)
	if len(fields) != 3 {
		return nil, fmt.Errorf("git object %s: %s", id, strings.TrimSpace(header))
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, err
	}
	if size > most { // reading past it may take long, so another process reads the next object
		_ = f.cmd.Process.Kill()
		_ = f.cmd.Wait()
		f.in.Close()
		f.cmd = nil
		return nil, treefs.ErrTooBig
	}
	data := make([]byte, size+1) // with the newline after it
	if _, err := io.ReadFull(f.out, data); err != nil {
		return nil, err
	}
	return data[:size], nil
}

// entry is the information on one name. The size of a file is looked up on
// demand: in a clone without blobs each look-up is a fetch.
type entry struct {
	name string
	mode fs.FileMode
	size func() int64 // nil for a folder
}

func (e entry) Name() string               { return e.name }
func (e entry) IsDir() bool                { return e.mode.IsDir() }
func (e entry) Type() fs.FileMode          { return e.mode.Type() }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) Mode() fs.FileMode          { return e.mode }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) Sys() any                   { return nil }

// Size implements [fs.FileInfo].
func (e entry) Size() int64 {
	if e.size == nil {
		return 0
	}
	return e.size()
}

type file struct {
	entry
	*bytes.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *file) Size() int64                { return f.Reader.Size() }
func (f *file) Close() error               { return nil }

type folder struct {
	entry
	rest []fs.DirEntry
}

func (d *folder) Stat() (fs.FileInfo, error) { return d.entry, nil }
func (d *folder) Close() error               { return nil }
func (d *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a directory")}
}

// ReadDir implements [fs.ReadDirFile].
func (d *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.rest) {
		if n > 0 && len(d.rest) == 0 {
			return nil, io.EOF
		}
		n = len(d.rest)
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out, nil
}
