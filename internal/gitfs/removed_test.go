package gitfs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Lines that a later commit changed or removed, or whose file was deleted, are
// found; existing lines are not.
func TestRemoved(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run("init", "-q")
	write("mapping_a", "stays\nchanges\n-- looks like a name\n")
	write("mapping_b", "goes\n")
	write("OWNERS", "no mapping\n")
	run("add", "-A")
	run("commit", "-qm", "one")
	run("tag", "before")
	write("mapping_a", "stays\nchanged\n")
	run("commit", "-qam", "two")
	for _, name := range []string{"mapping_b", "OWNERS"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	run("commit", "-qam", "three")
	mapping := func(name string) bool { return strings.HasPrefix(name, "mapping_") }
	out, err := Removed(dir, "before", ".", mapping)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"changes\n", "goes\n", "-- looks like a name\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing in %q", want, out)
		}
	}
	if strings.Contains(string(out), "stays") || strings.Contains(string(out), "mapping") {
		t.Errorf("got %q", out)
	}
	for _, bad := range []string{"", "--output=x", "nonsense"} {
		if _, err := Removed(dir, bad, ".", mapping); err == nil {
			t.Errorf("%q is taken for a revision", bad)
		}
	}
}
