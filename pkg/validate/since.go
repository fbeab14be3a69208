package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Since keeps only the findings that a change adds: those in the result of the
// tree after the change that the rules do not report for the tree before. Moved
// files, renamed sets and reordered lines or jobs add no findings.
//
// A finding about two places is reported at the place that changed. A rule that
// could not be checked before adds findings only at changed places, because
// others may not be new. So does every rule if the change makes the jobs file
// unreadable, which is one finding of its own.
//
// Power that the change adds to a job is an error, unless the settings before
// the change allow it.
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
	// Of several equal findings, those at changed places are new.
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
				f.Severity = source.Error // the approvers of the settings have not approved it
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

// jobsRemoved reports a change that removes the jobs file, which the rules
// cannot see in the tree after it.
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

// onlyParts reduces a finding to some of its parts, and its places in its own
// file to those that changed.
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

// keys returns the keys of a finding, independent of the names of moved files.
func (c *change) keys(f Finding) []string {
	var keys []string
	for _, p := range problemsOf(f) {
		keys = append(keys, problem{p.rule, c.names.neutral(p.file), c.names.neutral(p.text)}.key())
	}
	return keys
}

// atChange moves a finding to a related place that changed, if its own did not.
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
	moved         map[string]string // names of files before the change, by name after it
	names         renames
	lines         map[string]map[int]bool // numbers of the new lines, by file
}

func newChange(before, after *release.Tree) *change {
	c := &change{before: before, after: after, lines: map[string]map[int]bool{}}
	c.moved = movedFiles(before, after)
	c.names = renamesOf(before, after, c.moved)
	return c
}

// changed reports whether a place changed: a line that was added or edited, a
// new file, or the folder of a new set.
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

// inNewSet reports whether a folder or a missing file belongs to a new set.
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
