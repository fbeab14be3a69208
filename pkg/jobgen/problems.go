package jobgen

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Problems is the error for settings, a template or a jobs file from which no
// jobs can be generated. The problems are in order of position.
type Problems []source.Problem

// Error returns one line per problem, followed by its hint.
func (p Problems) Error() string {
	var b strings.Builder
	for i, x := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(x.Error())
		if x.Hint != "" {
			b.WriteString("\n  hint: " + x.Hint)
		}
	}
	return b.String()
}

// orNil returns the sorted problems as an error, or nil if there are none.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b source.Problem) int { return a.Pos.Compare(b.Pos) })
	return slices.Compact(p)
}
