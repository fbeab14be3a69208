package atomicfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := atomicfile.Write(name, text("one")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := atomicfile.Write(name, func(w io.Writer) error { io.WriteString(w, "half"); return broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the writer's error", err)
	}
	if got, _ := os.ReadFile(name); string(got) != "one" {
		t.Errorf("a failed write left %q", got)
	}
	if err := atomicfile.Write(name, text("two")); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(name); string(got) != "two" {
		t.Errorf("got %q", got)
	}
	if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
		t.Errorf("the mode became %v", info.Mode())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("something was left beside the file: %v", entries)
	}
	if err := atomicfile.Write(filepath.Join(dir, "absent", "f"), text("x")); err == nil {
		t.Error("a file in a folder that is not there was written")
	}
}

// A link stays and its target is replaced.
func TestWriteThroughLink(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	target, link := filepath.Join(other, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(link, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(target); string(got) != "new" {
		t.Errorf("the target holds %q", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

// A device is written to, even if we could replace it.
func TestWriteToDevice(t *testing.T) {
	const full = "/dev/full"
	before, err := os.Stat(full)
	if err != nil {
		t.Skipf("no device that is always full: %v", err)
	}
	err = atomicfile.Write(full, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err })
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want that there is no space", err)
	}
	if after, err := os.Stat(full); err != nil || after.Mode() != before.Mode() {
		t.Errorf("%s was replaced: %v", full, err)
	}
	if err := atomicfile.Write("/dev/null", func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Error(err)
	}
}

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// A link stays a link, whether its target exists or not.
func TestWriteThroughLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "real", "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"there": "real/deep/f", "again": "there", "folder": "real/deep", "real/deep/up": "../g", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, arrives string }{
		{"there", "real/deep/f"}, {"again", "real/deep/f"}, {"folder/h", "real/deep/h"}, {"folder/up", "real/g"},
	} {
		for _, text := range []string{"one " + tt.name, "two " + tt.name} {
			if err := atomicfile.Write(filepath.Join(dir, tt.name), content(text)); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, tt.arrives)); err != nil || string(got) != text {
				t.Errorf("%s: %s holds %q, %v", tt.name, tt.arrives, got, err)
			}
		}
	}
	for _, link := range []string{"there", "again", "real/deep/up"} {
		if info, err := os.Lstat(filepath.Join(dir, link)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v, %v", link, info, err)
		}
	}
	if err := atomicfile.Write(filepath.Join(dir, "loop"), content("x")); err == nil {
		t.Error("a link to itself was written through")
	}
}

// The file of a killed writer is removed, but not one that may belong to
// another writer.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for name, kept := range map[string]bool{".f.123.tmp": false, ".f.456.tmp": true, ".f.note.tmp": true, ".g.123.tmp": true, "f.123.tmp": true} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if !kept || name != ".f.456.tmp" { // that one is new
			if err := os.Chtimes(file, old, old); err != nil {
				t.Fatal(err)
			}
		}
		defer func() {
			if _, err := os.Stat(file); (err == nil) != kept {
				t.Errorf("%s is there: %v, want %v", name, err == nil, kept)
			}
		}()
	}
	if err := atomicfile.Write(filepath.Join(dir, "f"), content("x")); err != nil {
		t.Fatal(err)
	}
}
