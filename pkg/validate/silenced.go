package validate

import (
	"fmt"
	"slices"
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// maxSilenced is the maximum number of silenced findings in the list.
const maxSilenced = 50

// Silenced adds to the skipped checks the findings that a change both adds and
// silences, by the settings of the repository or by ignore comments. shown is
// the result of [Result.Since] for the tree after the change; trusted is the
// same tree, loaded with the settings of the tree before.
func (r *Result) Silenced(before, after, trusted *release.Tree, rules ...Rule) {
	c := newChange(before, trusted)
	all := runWith(trusted, func(ig *ignore) bool { return !c.changed(ig.pos) }, rules...)
	all.Since(before, trusted, rules...)
	shown := severities(r)
	// Only the comments of the change silence what is missing here.
	commented := sync.OnceValue(func() map[reported]source.Severity {
		r := Run(trusted, rules...)
		r.Since(before, trusted, rules...)
		return severities(r)
	})
	var list silenced
	for _, f := range all.Findings {
		this := reported{f.Rule, f.Message, f.Pos}
		severity, there := shown[this]
		if there && severity <= f.Severity || f.Rule == ignoreComment().ID {
			continue
		}
		by := "an ignore comment of this change"
		if _, ok := commented()[this]; ok {
			by = after.Layout.Settings() + " of this change"
		}
		list.add(f, by)
	}
	list.report(r)
}

// reported identifies a finding in the results for one tree.
type reported struct {
	rule, message string
	pos           source.Position
}

// severities returns the severities of the findings of a result.
func severities(r *Result) map[reported]source.Severity {
	out := map[reported]source.Severity{}
	for _, f := range r.Findings {
		out[reported{f.Rule, f.Message, f.Pos}] = f.Severity
	}
	return out
}

// NewSince is [Known.New] for a baseline that a change may have written. A
// finding that only the new baseline contains is listed as silenced by the
// file.
func (k Known) NewSince(r *Result, before Known, file string) {
	now, old := k.counts(), before.counts()
	var list silenced
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool {
		keys := keysOf(f)
		known, knownBefore := len(now.take(keys)) == 0, len(old.take(keys)) == 0
		if known && !knownBefore {
			list.add(f, file+" of this change")
		}
		return known
	})
	list.report(r)
}

// silenced are findings that a change silences, for the list of skipped checks.
type silenced struct {
	skipped []Skipped
	more    int
}

func (s *silenced) add(f Finding, by string) {
	if len(s.skipped) == maxSilenced {
		s.more++
		return
	}
	s.skipped = append(s.skipped, Skipped{Rule: f.Rule, Reason: fmt.Sprintf("silenced by %s: %s: %s: %s", by, f.Pos, f.Severity, f.Message)})
}

func (s *silenced) report(r *Result) {
	r.Skipped = append(r.Skipped, s.skipped...)
	if s.more > 0 {
		r.Skipped = append(r.Skipped, Skipped{Rule: ignoreComment().ID, Reason: fmt.Sprintf("%d more findings are silenced by this change", s.more)})
	}
}
