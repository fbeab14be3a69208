package jobgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// leaves reports whether a set without _job.yaml gets no generated job: its job
// is in another file, or the tree is not adopted, so that nobody has asked for a
// generated one. existing is its job in the jobs file, or nil.
func (g *generator) leaves(s subject, existing *release.Job) bool {
	settings := s.set.Dir + "/" + release.JobSettingsName
	if other := g.tree.Runs().Elsewhere(s.set); existing == nil && len(other) > 0 {
		g.out.Notes = append(g.out.Notes, g.elsewhere(s, other[0], settings))
		return true
	}
	switch {
	case adopted(g.tree):
		return false
	case existing != nil:
		g.handWritten[existing.Name] = true
	default:
		g.out.Notes = append(g.out.Notes, source.Problem{Pos: source.Position{File: s.set.Dir}, Severity: source.Info,
			Message: "no job is generated for " + s.name + ": it has no " + release.JobSettingsName,
			Hint:    "to generate one, add " + settings + "; an empty file means the defaults"})
	}
	return true
}

// elsewhere returns the note that a job of another file mirrors a set, or some of
// its files.
func (g *generator) elsewhere(s subject, other *release.Job, settings string) source.Problem {
	note := source.Problem{Pos: source.Position{File: s.set.Dir}, Severity: source.Info,
		Message: "no job is generated for " + s.name + ": " + other.Name + " in " + other.Pos.File + " mirrors it",
		Hint:    "to declare that, write run_by: " + other.Name + " into " + settings}
	var without []string
	for _, m := range s.set.Files {
		if len(g.tree.Runs().Of(m)) == 0 {
			without = append(without, m.Base)
		}
	}
	if len(without) > 0 && len(without) < len(s.set.Files) {
		note.Severity = source.Warning
		note.Message += ", but no job runs " + strings.Join(without, ", ")
		note.Hint = "let " + other.Name + " run all files of the set, or remove it from " + other.Pos.File
	}
	return note
}

// refuseSeconds reports new jobs for mapping files that another job of the same
// set mirrors already. Prow would run both.
func (g *generator) refuseSeconds(all []made) {
	names, old := map[string]bool{}, map[string]bool{}
	for _, m := range all {
		names[m.name], names[shardSuffix.ReplaceAllString(m.name, "")] = true, true
	}
	for _, j := range g.old.jobs {
		old[str(j, "name")] = true
	}
	seen := map[*release.Set]bool{}
	var renamed []source.Problem
	for _, m := range all {
		if m.set == nil || old[m.name] || seen[m.set] {
			continue
		}
		seen[m.set] = true
		if j := g.firstJob(m.subject, names); j != nil {
			renamed = append(renamed, source.Problem{Pos: m.at("name"), Message: twice(j, m),
				Hint: "set name: " + j.Name + " to generate that job, or remove it from " + j.Pos.File + pruneHint(g.tree)})
		} else if other := g.tree.Runs().Elsewhere(m.set); len(other) > 0 {
			g.b.problem(m.at(""), "write only run_by: "+other[0].Name+" into "+m.set.Dir+"/"+release.JobSettingsName+" to keep that job, or remove the job from "+other[0].Pos.File, "%s", twice(other[0], m))
		}
	}
	if n := len(renamed) - 1; n > 2 { // another template names all jobs differently
		renamed = renamed[:1]
		renamed[0].Message += fmt.Sprintf("; the same holds for %d other sets", n)
	}
	g.b.problems = append(g.b.problems, renamed...)
}

func twice(first *release.Job, second made) string {
	return fmt.Sprintf("%s (%s) mirrors the set %s already: with %s, two jobs would mirror it", first.Name, first.Pos, second.subject.name, second.name)
}

func pruneHint(tree *release.Tree) string {
	if adopted(tree) {
		return ", as --prune does"
	}
	return ""
}

// firstJob returns a job of the jobs file that stays, has none of the names, and
// mirrors files that the job of a set mirrors.
func (g *generator) firstJob(s subject, names map[string]bool) *release.Job {
	runs := g.tree.Runs()
	files := runs.Matching(mappingName + s.prefix() + "*")
	for _, j := range runs.JobsOf(s.set) {
		bare := shardSuffix.ReplaceAllString(j.Name, "")
		if g.prune || names[j.Name] || names[bare] || g.retired[j.Name] || g.retired[bare] {
			continue
		}
		if slices.ContainsFunc(runs.Files(j), func(f *release.MappingFile) bool { return slices.Contains(files, f) }) {
			return j
		}
	}
	return nil
}
