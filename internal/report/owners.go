package report

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// nobody is the heading of findings without an OWNERS file.
const nobody = "no approvers: ask the owners of the repository"

// owners names the people to ask about a cause.
func (t textWriter) owners(g validate.Group) string {
	names := t.opts.Owners(g.First().Pos)
	if len(names) == 0 {
		return nobody
	}
	return text.Line(strings.Join(names, ", "))
}

// byOwners puts the causes of the same owners together, those of nobody first.
func (t textWriter) byOwners(all []validate.Group) []validate.Group {
	slices.SortStableFunc(all, func(a, b validate.Group) int {
		x, y := t.owners(a), t.owners(b)
		if (x == nobody) != (y == nobody) {
			if x == nobody {
				return -1
			}
			return 1
		}
		return text.Natural(x, y)
	})
	return all
}
