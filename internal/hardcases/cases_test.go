package hardcases

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// hardCase is one case: its description and what mirror does, for the document,
// the registries' options and the test.
type hardCase struct {
	name, what, does string
	src, dst         strict.Options
	try              func(*scene)
}

// sections are all cases, in the order of the document.
var sections = []struct {
	title string
	cases []hardCase
}{
	{"What an image is", images},
	{"How a registry answers", slices.Concat(registries, transfers)},
	{"More", more},
}

func TestHardCases(t *testing.T) {
	for _, section := range sections {
		for _, c := range section.cases {
			t.Run(c.name, func(t *testing.T) { c.try(newScene(t, c.src, c.dst)) })
		}
	}
}

const intro = `<!-- Made from the cases in internal/hardcases: make golden. -->

# Hard cases

Odd images and odd registries, and what ` + "`mirror`" + ` does about them. Every row is a test of the same name in
` + "`internal/hardcases`" + `, against real HTTP servers, that compares destination and source byte by byte.

` + "```sh" + `
go -C ~/mirror-tools test ./internal/hardcases -run 'TestHardCases/04'
` + "```" + `
`

// TestDocument compares docs/hard-cases.md with the cases.
func TestDocument(t *testing.T) {
	var page strings.Builder
	page.WriteString(intro)
	var names []string
	for _, section := range sections {
		fmt.Fprintf(&page, "\n## %s\n\n| case | | what mirror does |\n|---|---|---|\n", section.title)
		for _, c := range section.cases {
			if c.what == "" || c.does == "" || strings.ContainsAny(c.what+c.does, "|\n") {
				t.Errorf("%s: its text does not fit into a table cell", c.name)
			}
			fmt.Fprintf(&page, "| `%s` | %s | %s |\n", c.name, c.what, c.does)
			names = append(names, c.name)
		}
	}
	for i, name := range names {
		if !strings.HasPrefix(name, fmt.Sprintf("%02d-", i+1)) {
			t.Errorf("%s is case %d", name, i+1)
		}
	}
	testkit.Generated(t, "docs/hard-cases.md", page.String())
}
