package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit/hostile"
)

// No link of a tree leads what the command writes out of the tree.
func TestWritesStayInside(t *testing.T) {
	all := map[string]hostile.Writer{
		"fix":            {Args: []string{"--fix", "$TREE"}, Target: "core-services/image-mirroring/team/mapping_team"},
		"write-baseline": {Args: []string{"--write-baseline", "--baseline", "$TREE/out/baseline.json", "$TREE"}, Target: "out/baseline.json"},
	}
	for _, format := range formatNames() {
		all["output "+format] = hostile.Writer{Args: []string{"--output", format + "=$TREE/out/report", "$TREE"}, Target: "out/report"}
	}
	for _, name := range []string{"junit_mirror-lint.xml", "mirror-lint.sarif", "mirror-lint.json", "mirror-lint-summary.html", "metadata.json"} {
		all["artifacts "+name] = hostile.Writer{Args: []string{"--artifacts", "$TREE/out/artifacts", "$TREE"}, Target: "out/artifacts/" + name}
	}
	for name, w := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hostile.TestWriter(t, w, runLint)
		})
	}
}

// runLint runs the command and gives all that it prints.
func runLint(args ...string) string {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "ARTIFACTS=", "ARTIFACT_DIR=")
	said, _ := cmd.CombinedOutput()
	return string(said)
}

// A file that is named outside of the tree is the caller's business, whatever
// links lead to it.
func TestWritesOutsideFollowLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("report", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	runLint("--output", "json="+filepath.Join(dir, "link"), "../../testdata/release")
	if text, err := os.ReadFile(filepath.Join(dir, "report")); err != nil || !strings.Contains(string(text), `"version": 1`) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := os.Readlink(filepath.Join(dir, "link")); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
}

// A baseline is not read through a link that leads out of the tree.
func TestBaselineStaysInside(t *testing.T) {
	dir, outside := t.TempDir(), hostile.NewOutside(t)
	hostile.Write(t, dir, "x")
	if err := os.Symlink(filepath.Join(string(outside), "secret"), filepath.Join(dir, "baseline")); err != nil {
		t.Fatal(err)
	}
	said := runLint("--baseline", filepath.Join(dir, "baseline"), dir)
	if strings.Contains(said, hostile.Secret) || !strings.Contains(said, "a symbolic link that leads out of the repository") {
		t.Error(said)
	}
}
