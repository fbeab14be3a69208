package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Since leaves only the findings of a result, which is that of the tree after,
// that a change of the tree before brought: those that the rules do not find
// before. Files that were moved, sets that got another name everywhere, lines and
// jobs in another order bring nothing.
//
// A finding about two places is reported at the one that the change brought.
// A rule that could not be checked before brings what it finds at changed places
// only: of the others nobody knows whether they are new. So does every rule when
// the change makes the jobs file unreadable: that is the one finding about it.
//
// What the change has a job do beyond mirroring is an error, unless the settings
// before allow it.
func (r *Result) Since(before, after *release.Tree, rules ...Rule) {
	c := newChange(before, after)
	old := Run(before, rules...)
	known := tally{}
	for _, f := range old.Findings {
		for _, key := range c.keys(f) {
			known[key]++
		}
	}
	unchecked := map[string]bool{}
	for _, s := range old.Skipped {
		unchecked[s.Rule] = true
	}
	lost := (&facts{tree: before}).noJobs() == "" && ((&facts{tree: after}).noJobs() != "" || len(after.Jobs.Jobs) == 0 && len(before.Jobs.Jobs) > 0)
	there := handWritten(before)
	// Of several equal findings those at changed places are the new ones.
	var fresh []Finding
	for _, changed := range []bool{false, true} {
		for _, f := range r.Findings {
			if c.changed(f.Pos) != changed {
				continue
			}
			parts := known.take(c.keys(f))
			if len(parts) == 0 || f.places && !c.anyChanged(f) {
				continue
			}
			f = c.onlyParts(c.atChange(f), parts)
			if there[f.power] {
				continue
			}
			if f.power != (power{}) && !before.Settings.Allows(f.power.set, f.power.kind) {
				f.Severity = source.Error // who approves the settings has not approved it
			}
			unsure := unchecked[f.Rule] || lost && f.Rule != "file-syntax" && f.Pos.File != after.Layout.Jobs
			if !unsure || c.changed(f.Pos) {
				fresh = append(fresh, f)
			}
		}
	}
	r.Findings = append(fresh, jobsRemoved(before, after)...)
	r.Sort()
}

// jobsRemoved reports a change that takes the jobs file away: of the tree after
// nobody knows whether it should have one.
func jobsRemoved(before, after *release.Tree) []Finding {
	if before.Jobs == nil || after.Jobs != nil {
		return nil
	}
	f := Finding{Rule: setJob().ID, Severity: source.Error, Pos: source.Position{File: before.Jobs.Path}}
	var wanted bool
	if f.Severity, wanted = after.Settings.SeverityOf(f.Rule, f.Pos.File, f.Severity); !wanted {
		return nil
	}
	f.Message = fmt.Sprintf("the change removes %s and its %d periodics: nothing mirrors the sets any more", before.Jobs.Path, len(before.Jobs.Jobs))
	f.Hint = "restore the file, or name the one that has the jobs as jobs_file in " + after.Layout.Settings()
	return []Finding{f}
}

// onlyParts makes a finding speak of some of its parts alone: of its file only
// the places that changed belong to it then.
func (c *change) onlyParts(f Finding, parts []int) Finding {
	if len(parts) < len(f.Parts) {
		var fresh []string
		for _, i := range parts {
			fresh = append(fresh, f.Parts[i])
		}
		f.Message, f.Parts = some(fresh, 3), fresh
		f.Related = slices.DeleteFunc(slices.Clone(f.Related), func(r Related) bool {
			return r.Pos.File == f.Pos.File && !c.changed(r.Pos)
		})
	}
	return f
}

// keys returns what identifies a finding, independent of the names of moved
// files.
func (c *change) keys(f Finding) []string {
	var keys []string
	for _, p := range problemsOf(f) {
		keys = append(keys, problem{p.rule, c.names.neutral(p.file), c.names.neutral(p.text)}.key())
	}
	return keys
}

// atChange returns the finding a position that changed, where its own did not and
// a related place did.
func (c *change) atChange(f Finding) Finding {
	if c.changed(f.Pos) {
		return f
	}
	i := slices.IndexFunc(f.Related, func(r Related) bool { return c.changed(r.Pos) })
	if i < 0 {
		return f
	}
	related := slices.Clone(f.Related)
	f.Pos, related[i] = related[i].Pos, Related{Pos: f.Pos, Message: "together with what was here before"}
	f.Related = related
	return f
}

// anyChanged reports whether one of the places of a finding changed.
func (c *change) anyChanged(f Finding) bool {
	return c.changed(f.Pos) || slices.ContainsFunc(f.Related, func(r Related) bool { return c.changed(r.Pos) })
}

// change is the difference between two trees.
type change struct {
	before, after *release.Tree
	moved         map[string]string // files of after by the name that they had before
	names         renames
	lines         map[string]map[int]bool // the lines of a file that are new, by file
}

func newChange(before, after *release.Tree) *change {
	c := &change{before: before, after: after, lines: map[string]map[int]bool{}}
	c.moved = movedFiles(before, after)
	c.names = renamesOf(before, after, c.moved)
	return c
}

// changed reports whether a place is not what it was before: a line that was
// added or edited, or a file or the folder of a set that was not there.
func (c *change) changed(pos source.Position) bool {
	was := pos.File
	if old, ok := c.moved[pos.File]; ok {
		was = old
	}
	old := c.before.Text(was)
	switch {
	case old != nil && pos.Line > 0:
		lines, ok := c.lines[pos.File]
		if !ok {
			lines = addedLines(old, c.after.Text(pos.File))
			c.lines[pos.File] = lines
		}
		return lines[pos.Line]
	case old != nil:
		return false
	case c.after.Text(pos.File) != nil:
		return true
	}
	return c.inNewSet(pos.File)
}

// inNewSet reports whether a folder, or a file that is not there, belongs to a
// set that was not there before.
func (c *change) inNewSet(name string) bool {
	in := func(name string, neutral func(string) string) func(*release.Set) bool {
		return func(s *release.Set) bool {
			dir := neutral(s.Dir)
			return name == dir || strings.HasPrefix(name, dir+"/")
		}
	}
	same := func(s string) string { return s }
	return slices.ContainsFunc(c.after.Sets, in(name, same)) &&
		!slices.ContainsFunc(c.before.Sets, in(c.names.neutral(name), c.names.neutral))
}
