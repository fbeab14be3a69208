package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// Order is how a text report orders its findings.
type Order string

// The orders. Within each of them findings go by place.
const (
	ErrorsLast Order = "errors-last" // the worst stand nearest to the prompt
	BySeverity Order = "severity"    // the worst first
	ByFile     Order = "file"
	ByRule     Order = "rule"
)

// Orders lists the orders, the default first.
func Orders() []string {
	return []string{string(ErrorsLast), string(BySeverity), string(ByFile), string(ByRule)}
}

// groups collects findings by cause, or one by one, in an order.
func groups(findings []validate.Finding, order Order, together bool) []validate.Group {
	var all []validate.Group
	if together {
		all = validate.GroupByCause(findings)
	} else {
		for _, f := range findings {
			all = append(all, validate.Group{ID: f.CauseID(), Findings: []validate.Finding{f}})
		}
	}
	slices.SortStableFunc(all, func(a, b validate.Group) int {
		x, y := a.First(), b.First()
		place := cmp.Or(text.Natural(x.Pos.File, y.Pos.File), x.Pos.Compare(y.Pos))
		switch order {
		case ByFile:
			return place
		case ByRule:
			return cmp.Or(strings.Compare(x.Rule, y.Rule), place)
		case BySeverity:
			return cmp.Or(cmp.Compare(x.Severity, y.Severity), place)
		}
		return cmp.Or(cmp.Compare(y.Severity, x.Severity), place)
	})
	return all
}
