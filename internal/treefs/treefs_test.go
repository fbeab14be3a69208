package treefs_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// folder makes a folder with all kinds of entries, and a file beside it.
func folder(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "tree")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "sub", "deep"), 0o755))
	must(os.WriteFile(filepath.Join(top, "outside"), []byte("confidential"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "sub", "plain"), []byte("text"), 0o644))
	must(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	for link, target := range map[string]string{
		"absolute": filepath.Join(top, "outside"), "relative": "../outside", "sub/deep/up": "../../../outside",
		"environment": "/proc/self/environ", "zero": "/dev/zero", "folder-out": "..", "by-folder": "folder-out/outside",
		"loop": "loop", "one": "two", "two": "one", "inside": "sub/deep/../plain", "sub/back": "..", "topipe": "pipe",
		"absolute-inside": filepath.Join(dir, "sub", "plain"),
	} {
		must(os.Symlink(target, filepath.Join(dir, link)))
	}
	return dir
}

func open(t *testing.T, dir string) *treefs.FS {
	t.Helper()
	f, err := treefs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestNothingLeadsOut(t *testing.T) {
	f := open(t, folder(t))
	for name, want := range map[string]error{
		"absolute": treefs.ErrOutside, "relative": treefs.ErrOutside, "sub/deep/up": treefs.ErrOutside,
		"environment": treefs.ErrOutside, "zero": treefs.ErrOutside, "folder-out": treefs.ErrOutside,
		"folder-out/outside": treefs.ErrOutside, "by-folder": treefs.ErrOutside, "absolute-inside": treefs.ErrOutside,
		"../outside": fs.ErrInvalid, "/etc/passwd": fs.ErrInvalid, "sub/../../outside": fs.ErrInvalid,
		"loop": treefs.ErrLoop, "one": treefs.ErrLoop, "pipe": treefs.ErrSpecial, "topipe": treefs.ErrSpecial,
	} {
		data, err := fs.ReadFile(f, name)
		if !errors.Is(err, want) || data != nil {
			t.Errorf("ReadFile %s: %q, %v; want %v", name, data, err, want)
		}
		if _, err := f.Open(name); !errors.Is(err, want) {
			t.Errorf("Open %s: %v, want %v", name, err, want)
		}
		if _, err := fs.ReadDir(f, name); err == nil {
			t.Errorf("ReadDir %s works", name)
		}
		for _, told := range []string{"confidential", filepath.Dir(f.Root().Name()), "/proc", "/dev"} {
			if err != nil && strings.Contains(err.Error(), told) {
				t.Errorf("the error of %s tells where the link leads: %v", name, err)
			}
		}
	}
	for _, name := range []string{"sub/plain", "inside", "sub/back/sub/plain"} {
		if data, err := fs.ReadFile(f, name); err != nil || string(data) != "text" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

func TestIsAFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, fstest.MapFS{"a/b/c": {Data: []byte("x")}, "d": {}}); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(open(t, dir), "a/b/c", "d"); err != nil {
		t.Error(err)
	}
}

func TestSocketsAndBigFiles(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(filepath.Join(dir, "big"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "big"), 1<<30); err != nil {
		t.Fatal(err)
	}
	f := open(t, dir)
	if _, err := f.ReadFile("socket"); !errors.Is(err, treefs.ErrSpecial) {
		t.Errorf("a socket: %v", err)
	}
	if _, err := f.ReadFile("big"); !errors.Is(err, treefs.ErrTooBig) {
		t.Errorf("a file of 1 GiB: %v", err)
	}
}

func TestOpen(t *testing.T) {
	dir := folder(t)
	for _, name := range []string{filepath.Join(dir, "sub", "plain"), filepath.Join(dir, "pipe"), filepath.Join(dir, "nothing")} {
		if _, err := treefs.Open(name); err == nil {
			t.Errorf("%s was opened as a folder", name)
		}
	}
}

func TestInside(t *testing.T) {
	dir := folder(t)
	f := open(t, dir)
	for file, want := range map[string]string{
		filepath.Join(dir, "sub", "new"): "sub/new", filepath.Join(dir, "a", "..", "b"): "b",
		filepath.Join(dir, "..", "outside"): "", "/etc/passwd": "",
	} {
		if got, ok := f.Inside(file); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", file, got, ok)
		}
	}
}
