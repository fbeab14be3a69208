// Package depcheck has only tests: of imports, sizes of types and dependencies.
package depcheck

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/mirror-tools/mirror-tools"

// layers are the packages from the bottom up: a package may import those of
// lower layers, and its own sub-packages, only.
var layers = [][]string{
	{"internal/treefs", "internal/text", "internal/flight"},
	{"pkg/source", "internal/body", "internal/suggest", "internal/atomicfile", "internal/gitfs", "internal/overlay"},
	{"pkg/mapping", "internal/junit", "internal/page"},
	{"pkg/release"},
	{"pkg/mapgen", "pkg/routes"},
	{"pkg/validate", "pkg/jobgen", "pkg/mirror", "pkg/effects"},
	{"internal/runreport", "internal/report", "internal/effectreport"},
	{"internal/site"},
	{"internal/progress"},
	{"internal/argfile"},
	{"internal/cli"},
	{"internal/place"},
	{"cmd/mirror-lint", "cmd/mirror-jobgen", "cmd/mirror", "tools/demo"},
}

// free are packages outside the layers: test helpers and this test.
var free = []string{"internal/testkit", "internal/chaos", "internal/hardcases", "internal/depcheck", "internal/docs"}

// list runs go list for every package of the module.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// room returns the layer and the name of a package, with its sub-packages.
func room(path string) (layer int, name string) {
	for i, names := range layers {
		for _, n := range names {
			if path == n || strings.HasPrefix(path, n+"/") {
				return i, n
			}
		}
	}
	return -1, ""
}

func TestImportsPointDownward(t *testing.T) {
	for _, line := range list(t, "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...") {
		words := strings.Fields(line)
		path, ok := strings.CutPrefix(words[0], module+"/")
		if !ok || isFree(path) {
			continue
		}
		layer, name := room(path)
		if layer < 0 {
			t.Errorf("%s belongs to no layer: add it to this test and to docs/architecture.md", path)
			continue
		}
		for _, imported := range words[1:] {
			other, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			if isFree(other) {
				if name != "tools/demo" {
					t.Errorf("%s imports %s, which is for tests", path, other)
				}
				continue
			}
			if otherLayer, otherName := room(other); otherName != name && otherLayer >= layer {
				t.Errorf("%s imports %s, which is not below it", path, other)
			}
		}
	}
}

func isFree(path string) bool {
	for _, f := range free {
		if path == f || strings.HasPrefix(path, f+"/") {
			return true
		}
	}
	return false
}

// Prow costs 113 MB of binary: only the generator may link it.
func TestOnlyJobgenReachesProw(t *testing.T) {
	var roots []string
	for _, path := range list(t, "./...") {
		if !strings.Contains(path, "jobgen") {
			roots = append(roots, path)
		}
	}
	for _, root := range roots {
		for _, dep := range list(t, "-deps", root) {
			if strings.HasPrefix(dep, "sigs.k8s.io/prow") || strings.HasPrefix(dep, "k8s.io/") {
				t.Errorf("%s reaches %s: go mod why %s", root, dep, dep)
				break
			}
		}
	}
}
