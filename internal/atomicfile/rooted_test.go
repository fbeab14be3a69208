package atomicfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
)

func TestWriteInStaysInside(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "tree")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(top, "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"absolute": outside, "relative": "../outside", "dangling": "../new", "folder": "..", "loop": "loop",
		"within": "sub/file", "sub/up": "../sub/other", "root": ".", "sub/back": "..",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	write := func(names ...string) error {
		var files []atomicfile.File
		for _, n := range names {
			files = append(files, atomicfile.File{Path: n, Data: []byte("new")})
		}
		return atomicfile.WriteIn(root, files)
	}
	for _, name := range []string{
		"absolute", "relative", "dangling", "folder/outside", "folder/new", "loop", "root", "sub/back",
		"../outside", "../new", "/etc/none", "sub/../../new", "", ".", "..",
	} {
		if err := write("fine", name); err == nil {
			t.Errorf("%q was written", name)
		}
		if _, err := os.Lstat(filepath.Join(dir, "fine")); err == nil {
			t.Fatalf("%q failed, and a file before it was written", name)
		}
	}
	for _, name := range []string{"relative", "folder/new"} {
		if err := atomicfile.CheckIn(root, name); !errors.Is(err, atomicfile.ErrOutside) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := read(t, outside); got != "mine" {
		t.Errorf("what lies outside is %q", got)
	}
	long := strings.Repeat("n", 250)
	if err := write("within", "sub/up", "root/top", "sub/back/deep/file", long); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sub/file", "sub/other", "top", "deep/file", long} {
		if got := read(t, filepath.Join(dir, name)); got != "new" {
			t.Errorf("%s is %q", name, got)
		}
	}
	if info, err := os.Lstat(filepath.Join(dir, "within")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v, %v", info, err)
	}
	if entries, _ := os.ReadDir(top); len(entries) != 2 {
		t.Errorf("something was written beside the tree: %v", entries)
	}
}

// A hard link to a file elsewhere is replaced, and that file stays.
func TestWriteInReplacesAHardLink(t *testing.T) {
	top := t.TempDir()
	outside := filepath.Join(top, "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(top, "tree"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(outside, filepath.Join(top, "tree", "file")); err != nil {
		t.Skipf("no hard links here: %v", err)
	}
	if err := atomicfile.WriteAll(filepath.Join(top, "tree"), []atomicfile.File{{Path: "file", Data: []byte("new")}}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, outside); got != "mine" {
		t.Errorf("what lies outside is %q", got)
	}
}
