package validate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Finding is one problem that a rule found.
type Finding struct {
	Rule     string
	Severity source.Severity
	Pos      source.Position
	Message  string
	Hint     string    // what to do; may be empty
	Related  []Related // related places, such as the other side of a conflict
	Fix      *Fix      // the fix, if there is only one right answer; else nil
	Cause    Cause     // the common cause with other findings; the zero value for none
	// Parts are the texts of the problems in a finding for several problems.
	// They do not depend on each other: a finding is known if all of its parts
	// are. If there are none, the message is the only part.
	Parts []string

	id     string // ID of its cause, if it explains other findings
	reason reason // the finding that explains it; the zero value for none
	power  power  // of a finding about what a job can do
	places bool   // it is only new if one of its places is
}

// reason is the cause and severity of a finding that explains others.
type reason struct {
	id       string
	severity source.Severity
}

// power is one thing that a job can do beyond mirroring its set; see
// [release.Powers].
type power struct{ set, kind string }

// Related is a related place of a finding.
type Related struct {
	Pos     source.Position
	Message string
}

// Fix is a change of files that fixes a finding.
type Fix struct {
	Edits  []Edit
	Rename *Rename
}

// Edit replaces the bytes [Start, End) of a file by New.
type Edit struct {
	File       string
	Start, End int
	New        string
}

// Rename gives a file another name.
type Rename struct{ From, To string }

// Skipped is a rule that could not be checked completely, with the reason.
type Skipped struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// Result is the outcome of a run.
type Result struct {
	Findings []Finding
	Skipped  []Skipped
}

// Sort sorts findings by place, rule and message, and removes exact duplicates.
// Names of files are in natural order: 1_2 before 1_10.
func (r *Result) Sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(text.Natural(a.Pos.File, b.Pos.File), a.Pos.Compare(b.Pos), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	r.Findings = slices.CompactFunc(r.Findings, func(a, b Finding) bool {
		return a.Rule == b.Rule && a.Pos == b.Pos && a.Message == b.Message
	})
	slices.SortFunc(r.Skipped, func(a, b Skipped) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Reason, b.Reason))
	})
}

// Count returns the number of findings of a severity.
func (r *Result) Count(s source.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
