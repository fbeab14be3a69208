package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/hostile"
)

// No link of a checkout leads what a run writes out of it.
func TestWritesStayInside(t *testing.T) {
	registry := testkit.InProcess(t, nil)
	registry.Push(t, "team/a:b", testkit.Image(t, "1", testkit.Layer(1, 100)))
	image, to := registry.Host+"/team/a:b", registry.Host+"/team/c:d"
	all := map[string]hostile.Writer{
		"report":       {Args: []string{"plan", image, to, "--report", "$TREE/out/report.json"}, Target: "out/report.json"},
		"metrics-file": {Args: []string{"plan", image, to, "--metrics-file", "$TREE/out/mirror.prom"}, Target: "out/mirror.prom"},
	}
	for _, name := range []string{"mirror-report.json", "junit_mirror.xml", "mirror-summary.html", "metadata.json"} {
		all["artifacts "+name] = hostile.Writer{Args: []string{"plan", image, to, "--artifacts", "$TREE/out/artifacts"}, Target: "out/artifacts/" + name}
	}
	for name, w := range all {
		t.Run(name, func(t *testing.T) {
			hostile.TestWriter(t, w, func(args ...string) string { return runMirror(t, args...) })
		})
	}
}

// runMirror runs the command and gives all that it prints.
func runMirror(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("mirror", args...) // testscript.Main puts it on the path
	cmd.Env = append(os.Environ(), "ARTIFACTS=", "ARTIFACT_DIR=")
	said, _ := cmd.CombinedOutput()
	return string(said)
}

// A mapping file of a checkout is not read through a link that leads out of it.
func TestMappingsStayInside(t *testing.T) {
	dir, outside := t.TempDir(), hostile.NewOutside(t)
	hostile.Write(t, dir, "x")
	name := filepath.Join(dir, "core-services/image-mirroring/team/mapping_team_2")
	if err := os.Symlink(filepath.Join(string(outside), "secret"), name); err != nil {
		t.Fatal(err)
	}
	said := runMirror(t, "plan", "-f", name)
	if strings.Contains(said, hostile.Secret) || !strings.Contains(said, "a symbolic link that leads out of the repository") {
		t.Error(said)
	}
}
