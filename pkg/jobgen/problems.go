package jobgen

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Problems is the error of settings, a template or a jobs file that no jobs can
// be made from: what is wrong, where, and what to do, in order of position.
type Problems []source.Problem

// Error returns one line per problem, and its hint below it.
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

// orNil returns the problems in order as an error, nil when there are none.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b source.Problem) int { return a.Pos.Compare(b.Pos) })
	return slices.Compact(p)
}
