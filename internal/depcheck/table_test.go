package depcheck

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var commands = []string{"mirror", "mirror-jobgen", "mirror-lint"}

// modules returns what go.mod requires directly.
func modules(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) >= 2 && strings.HasPrefix(words[1], "v") && !strings.Contains(line, "// indirect") {
			out = append(out, words[0])
		}
	}
	return out
}

// moduleOf returns the module that a package belongs to, or "".
func moduleOf(modules []string, pkg string) string {
	best := ""
	for _, m := range modules {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// shipped returns the commands that import each module of go.mod, or "tests"
// for a module that only tests import.
func shipped(t *testing.T) map[string]string {
	t.Helper()
	all := modules(t)
	in := map[string][]string{}
	for _, command := range commands {
		for _, line := range list(t, "-deps", "-f", `{{if eq .ImportPath "`+module+`" }}{{else}}{{with .Module}}{{if .Main}}{{join $.Imports " "}}{{end}}{{end}}{{end}}`, "./cmd/"+command) {
			for _, imported := range strings.Fields(line) {
				if m := moduleOf(all, imported); m != "" && !slices.Contains(in[m], command) {
					in[m] = append(in[m], command)
				}
			}
		}
	}
	out := map[string]string{}
	for _, m := range all {
		switch {
		case len(in[m]) == 0:
			out[m] = "tests"
		case len(in[m]) == len(commands):
			out[m] = "all"
		default:
			out[m] = strings.Join(in[m], ", ")
		}
	}
	return out
}

var dependencyRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z, -]+) \\|")

// dependencyName is a module in the paragraph about the modules of tests.
var dependencyName = regexp.MustCompile("`([a-z.]+/[^`]+)`\\s\\(")

// The table of dependencies has the commands that import each module; the modules
// of tests are in the paragraph below it.
func TestDependenciesTable(t *testing.T) {
	data, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(data), "\n## Dependencies\n")
	if !ok {
		t.Fatal("docs/architecture.md has no section Dependencies")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	said := map[string]string{}
	for _, m := range dependencyRow.FindAllStringSubmatch(section, -1) {
		said[m[1]] = m[2]
	}
	_, tests, _ := strings.Cut(section, "\nOnly tests import ")
	tests, _, _ = strings.Cut(tests, "\n\n")
	for _, m := range dependencyName.FindAllStringSubmatch(tests, -1) {
		said[m[1]] = "tests"
	}
	want := shipped(t)
	for m, in := range want {
		switch got, ok := said[m]; {
		case !ok:
			t.Errorf("%s is not among the dependencies in docs/architecture.md; it is imported by: %s", m, in)
		case got != in:
			t.Errorf("docs/architecture.md says that %s is imported by: %s; go list says: %s", m, got, in)
		}
	}
	for m := range said {
		if _, ok := want[m]; !ok {
			t.Errorf("docs/architecture.md has the dependency %s, which go.mod does not require directly", m)
		}
	}
}
