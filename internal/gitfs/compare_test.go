package gitfs_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/gitfs"
)

func TestChangedAndContains(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "sub")
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", top, "-c", "user.name=a", "-c", "user.email=a@example.invalid"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("sub/a/same", "1")
	write("sub/a/moved", "a file that is moved")
	write("sub/b/other", "1")
	write("outside", "1")
	write("sub/a/note.md", "1")
	run("init", "-q", "-b", "main")
	run("add", ".")
	run("commit", "-qm", "one")
	run("tag", "one")
	run("mv", "sub/a/moved", "sub/a/ä new\nname")
	write("sub/b/other", "2")
	write("outside", "2")
	write("sub/a/note.md", "2")
	run("commit", "-qam", "two")
	write("sub/a/untracked", "1")

	open := func(revision string) *gitfs.FS {
		t.Helper()
		f, err := gitfs.Open(dir, revision)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	moved := []string{"a/moved", "a/ä new\nname"}
	for _, tt := range []struct {
		from, to string
		folders  []string
		want     []string
	}{
		{"one", "main", []string{"a"}, moved},
		{"one", "main", []string{"a", "b"}, append(slices.Clone(moved), "b/other")},
		{"one", "main", []string{"missing"}, nil},
		{"main", "main", []string{"a"}, nil},
		{"main", "", []string{"a"}, []string{"a/untracked"}},
	} {
		slices.Sort(tt.want)
		from := open(tt.from)
		to := fs.FS(os.DirFS(dir))
		if tt.to != "" {
			to = open(tt.to)
		}
		got, err := gitfs.Changed(from, to, []string{"", ".yaml"}, tt.folders)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s to %s in %v: %q, %v; want %q", tt.from, tt.to, tt.folders, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		revision, older string
		want            bool
	}{{"main", "one", true}, {"one", "main", false}, {"main", "main", true}} {
		if got, err := gitfs.Contains(dir, tt.revision, tt.older); got != tt.want || err != nil {
			t.Errorf("%s contains %s: %v, %v", tt.revision, tt.older, got, err)
		}
	}
}
