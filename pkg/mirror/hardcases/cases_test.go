package hardcases

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// hardCase is one case: registries as its options say, and what is tried.
type hardCase struct {
	name     string
	src, dst strict.Options
	try      func(*scene)
}

// cases are all of them, in the order of the document.
var cases = slices.Concat(images, registries, transfers, more)

func TestHardCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.try(newScene(t, c.src, c.dst)) })
	}
}

// TestDocument compares the names in docs/hard-cases.md with those of the cases.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "hard-cases.md"))
	if err != nil {
		t.Fatal(err)
	}
	var documented, tested []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\d\\d-[a-z0-9-]+)` \\|").FindAllSubmatch(text, -1) {
		documented = append(documented, string(m[1]))
	}
	for _, c := range cases {
		tested = append(tested, c.name)
	}
	if !slices.Equal(documented, tested) {
		t.Errorf("documented: %q\ntested: %q", documented, tested)
	}
	if !slices.IsSorted(tested) || len(tested) < 36 {
		t.Errorf("%d cases: %q", len(tested), tested)
	}
}
