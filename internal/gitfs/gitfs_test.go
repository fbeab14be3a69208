package gitfs_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// repository makes a git repository with one commit and later changes, and
// returns its folder.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	run("init", "-q")
	write("top", "top\n")
	write("sub/a", "one\n")
	write("sub/deep/b", "")
	write("sub/.gitattributes", "a export-ignore\n")
	for link, target := range map[string]string{"sub/link": "deep/b", "sub/dirlink": "deep", "sub/loop": "loop", "sub/out": "/etc/passwd", "sub/up": "../top"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	run("add", ".")
	run("commit", "-q", "-m", "first")
	write("sub/a", "two\n")
	write("sub/new", "new\n")
	return dir
}

func TestReadsTheRevision(t *testing.T) {
	dir := repository(t)
	f, err := gitfs.Open(dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := fstest.TestFS(withoutLinks(t, dir), "top", "sub/a", "sub/deep/b"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"sub/a": "one\n", "sub/deep/b": "", "sub/link": "", "sub/up": "top\n", "sub/dirlink/b": ""} {
		got, err := fs.ReadFile(f, name)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if _, err := fs.ReadFile(f, "sub/out"); !errors.Is(err, treefs.ErrOutside) {
		t.Errorf("a link that leads out: got %v", err)
	}
	for _, name := range []string{"sub/new", "nothing/there"} {
		if _, err := fs.ReadFile(f, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want that it does not exist", name, err)
		}
	}
	if _, err := fs.ReadFile(f, "sub/loop"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a symlink loop: got %v", err)
	}
}

// withoutLinks is the revision without symbolic links, which fstest does not
// follow as we do.
func withoutLinks(t *testing.T, dir string) fs.FS {
	t.Helper()
	for _, args := range [][]string{{"rm", "-q", "--cached", "sub/link", "sub/dirlink", "sub/loop", "sub/out", "sub/up"},
		{"-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "second"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	f, err := gitfs.Open(dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestSubFolder(t *testing.T) {
	f, err := gitfs.Open(filepath.Join(repository(t), "sub"), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := fs.ReadFile(f, "a"); err != nil || string(got) != "one\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNoRevision(t *testing.T) {
	dir := repository(t)
	for _, rev := range []string{"nonsense", "--help", "HEAD~5"} {
		if _, err := gitfs.Open(dir, rev); !errors.Is(err, gitfs.ErrRevision) {
			t.Errorf("%s: got %v", rev, err)
		}
	}
	if _, err := gitfs.Open(t.TempDir(), "HEAD"); !errors.Is(err, gitfs.ErrRevision) {
		t.Errorf("no checkout: got %v", err)
	}
}

// An error of git has git's own text.
func TestGitsOwnWords(t *testing.T) {
	dir := repository(t)
	config := filepath.Join(dir, ".git", "config")
	if err := os.WriteFile(config, []byte("[core\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := gitfs.Open(dir, "HEAD")
	if err == nil || errors.Is(err, gitfs.ErrRevision) || !strings.Contains(err.Error(), "bad config line 1 in file") {
		t.Errorf("a broken configuration: got %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := gitfs.Open(dir, "HEAD"); err == nil || errors.Is(err, gitfs.ErrRevision) || err.Error() != "git is not installed" {
		t.Errorf("no git: got %v", err)
	}
}

// A clone without blobs is listed without fetching any.
func TestCloneWithoutBlobs(t *testing.T) {
	origin, clone := repository(t), filepath.Join(t.TempDir(), "clone")
	for _, args := range [][]string{
		{"-C", origin, "config", "uploadpack.allowFilter", "true"},
		{"clone", "-q", "--no-checkout", "--filter=blob:none", "file://" + origin, clone},
		{"-C", clone, "remote", "set-url", "origin", "file://" + origin + "/gone"},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	f, err := gitfs.Open(clone, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if entries, err := f.ReadDir("sub"); err != nil || len(entries) != 8 {
		t.Errorf("listed %v, %v", entries, err)
	}
	if data, err := f.ReadFile("sub/a"); err == nil {
		t.Errorf("the clone has blobs (%q): the test shows nothing", data)
	}
}

func TestConcurrentReads(t *testing.T) {
	f, err := gitfs.Open(repository(t), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got, err := f.ReadFile("sub/a"); err != nil || string(got) != "one\n" {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}
