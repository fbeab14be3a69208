package depcheck

import (
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples finds a runnable example in every package of the library.
func TestExamples(t *testing.T) {
	for _, line := range list(t, "-f", `{{.ImportPath}} {{.Dir}}{{range .TestGoFiles}} {{.}}{{end}}{{range .XTestGoFiles}} {{.}}{{end}}`, "./pkg/...") {
		words := strings.Fields(line)
		found := false
		for _, name := range words[2:] {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(words[1], name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range doc.Examples(file) {
				found = found || e.Output != ""
			}
		}
		if !found {
			t.Errorf("%s has no example with an Output comment", words[0])
		}
	}
}
