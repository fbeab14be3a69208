package gitfs

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// multiplying makes a repository with one tree that holds 16^deep times what
// leaf, an entry for "git mktree", names.
func multiplying(t *testing.T, leaf string, deep int) (dir, tree string) {
	t.Helper()
	dir = t.TempDir()
	git := func(input string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	git("", "init", "-q")
	blob := git("text", "hash-object", "-w", "--stdin")
	empty := git("", "mktree")
	tree = git(strings.NewReplacer("$blob", blob, "$empty", empty, "$none", strings.Repeat("1", len(blob))).Replace(leaf), "mktree")
	for range deep {
		var entries strings.Builder
		for i := range 16 {
			fmt.Fprintf(&entries, "040000 tree %s\t%x\n", tree, i)
		}
		tree = git(entries.String(), "mktree")
	}
	return dir, tree
}

// TestMultiplyingTrees lists trees that would have four thousand million files,
// folders or submodules.
func TestMultiplyingTrees(t *testing.T) {
	for _, leaf := range []string{"100644 blob $blob\tfile\n", "040000 tree $empty\tfolder\n", "160000 commit $none\tmodule\n"} {
		dir, tree := multiplying(t, leaf, 8)
		for _, limits := range [][2]int{{1000, maxNames}, {maxEntries, 50_000}} {
			f := &FS{files: map[string]object{}, folders: map[string][]string{}, dir: dir}
			if err := f.fill(tree, limits[0], limits[1]); !errors.Is(err, treefs.ErrTooBig) {
				t.Errorf("%q within %d: %v", leaf, limits, err)
			}
			if len(f.files) > 1000 {
				t.Errorf("%q within %d: %d files", leaf, limits, len(f.files))
			}
		}
		dir, tree = multiplying(t, leaf, 1)
		f := &FS{files: map[string]object{}, folders: map[string][]string{}, dir: dir}
		if err := f.fill(tree, 32, maxNames); err != nil {
			t.Errorf("%q: %v", leaf, err)
		}
	}
}
