package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// If one of several files cannot be written, none of them changes, and no
// temporary file is left.
func TestWriteAll(t *testing.T) {
	dir := t.TempDir()
	files := func(text string) []atomicfile.File {
		return []atomicfile.File{{Path: "sub/a", Data: []byte(text)}, {Path: "b", Data: []byte(text)}, {Path: "sub/c", Data: []byte(text)}}
	}
	if err := atomicfile.WriteAll(dir, files("one")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "sub/c")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub/c"), 0o755); err != nil { // in the way of the last
		t.Fatal(err)
	}
	if err := atomicfile.WriteAll(dir, files("two")); err == nil {
		t.Error("a folder was written over")
	}
	if a, b := read(t, filepath.Join(dir, "sub/a")), read(t, filepath.Join(dir, "b")); a != "one" || b != "one" {
		t.Errorf("a failed run left %q and %q", a, b)
	}
	if err := os.Remove(filepath.Join(dir, "sub/c")); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.WriteAll(dir, files("two")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sub/a", "b", "sub/c"} {
		if got := read(t, filepath.Join(dir, name)); got != "two" {
			t.Errorf("%s is %q", name, got)
		}
	}
	for folder, want := range map[string]int{"": 2, "sub": 2} {
		if entries, _ := os.ReadDir(filepath.Join(dir, folder)); len(entries) != want {
			t.Errorf("something was left in %q: %v", folder, entries)
		}
	}
}
