package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// The documents state the numbers of the build files. The packages test their
// own numbers with [testkit.Documented].
func TestNumbersOfBuildFiles(t *testing.T) {
	for _, n := range []struct {
		file, number string // a regular expression with one group
		pages        map[string]string
	}{
		{"go.mod", `(?m)^go (\d+\.\d+)`, map[string]string{"README.md": "Go "}},
		{"tools/hardening.mk", `MIRROR_KILLS=(\d+)`, map[string]string{"CONTRIBUTING.md": "killed at ", "docs/guarantees.md": "by killing "}},
	} {
		data, err := os.ReadFile(filepath.Join(testkit.Root(), n.file))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(n.number).FindSubmatch(data)
		if m == nil {
			t.Errorf("%s has no %s", n.file, n.number)
			continue
		}
		for page, before := range n.pages {
			testkit.Documented(t, page, before+string(m[1]))
		}
	}
}
