package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// diffSummary returns the page of mirror-jobgen diff for a change that moves each
// source of a tree to another registry and removes a job.
func diffSummary(t *testing.T, tree string) string {
	t.Helper()
	dir, artifacts := t.TempDir(), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(tree)); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.invalid"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	git("add", "-A", "core-services", "ci-operator/jobs")
	git("commit", "-qm", "one")
	files, err := filepath.Glob(filepath.Join(dir, "core-services/image-mirroring/*/mapping_*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mapping files: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		moved := strings.ReplaceAll("\n"+string(data), "\nregistry.ci.openshift.org/", "\nregistry.invalid/")[1:]
		if err := os.WriteFile(name, []byte(moved), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "ci-operator/jobs/infra-image-mirroring.yaml")); err != nil {
		t.Fatal(err)
	}
	command(t, "mirror-jobgen", "diff", "--from", "HEAD", "--artifacts", artifacts, dir)
	return filepath.Join(artifacts, "mirror-diff-summary.html")
}

func TestDiffSummary(t *testing.T) {
	for tree, dir := range trees(t) {
		t.Run(tree, func(t *testing.T) {
			file := diffSummary(t, dir)
			everyLook(t, file, "diff-"+tree, 2400)
			t.Run("filter", func(t *testing.T) {
				const list = "[data-filter]"
				p := open(t, file, look{width: 1400, scripts: true})
				for _, word := range []string{"registry.invalid", "nothing-has-this"} {
					p.fill(list+" input[type=search]", word)
					if got, want := p.shown(list), p.matching(list, word); got != want {
						p.Errorf("%q: %d changes shown, %d have it", word, got, want)
					}
				}
			})
			t.Run("without scripts", func(t *testing.T) { withoutScripts(open(t, file, look{width: 600})) })
		})
	}
}
