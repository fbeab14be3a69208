package validate

import (
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func mappingName() Rule {
	return Rule{
		ID:    "mapping-name",
		Title: "a mapping file that does not follow mapping_$name$anything",
		Why: "All sets share one ConfigMap, and a set's periodic runs the files whose names begin with its own. " +
			"Any other file is not mirrored, or another team's job mirrors it with that team's credentials.",
		Fix: "Rename the file to mapping_, the set's name and anything (- and _ are the same), " +
			"or declare another prefix in the set's _job.yaml.",
		Severity: source.Error,
		Bad: exampleJobs("team", "mapping_team*") + `-- core-services/image-mirroring/team/mapping_other --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Good:  exampleJobs("team", "mapping_team*") + exampleMapping,
		Check: checkMappingName,
	}
}

func checkMappingName(p *Pass) {
	for _, name := range p.tree.Loose {
		p.Report(source.Position{File: p.tree.Layout.Set(name)}, "move it into the folder of its set",
			"the mapping file %s is outside any set", name)
	}
	reason := p.noJobs()
	if reason != "" {
		p.Skip("%s: a file named otherwise is reported, but not whether a job runs it", reason)
	}
	for _, set := range p.tree.Sets {
		for _, dir := range set.Others {
			if strings.HasPrefix(dir, "mapping_") && strings.HasSuffix(dir, "/") {
				p.Report(source.Position{File: set.Dir + "/" + strings.TrimSuffix(dir, "/")}, "move its files one folder up and remove it",
					"%s is a folder: only files are uploaded as mappings", strings.TrimSuffix(dir, "/"))
			}
		}
		for _, name := range set.Nested {
			if strings.HasPrefix(name, "mapping_") {
				continue // the folder itself is reported
			}
			f := p.Report(source.Position{File: set.Dir + "/" + name}, "move it into "+set.Dir,
				"%s is in a subfolder of the set %s: config-updater uploads it as %s, and nothing checks it", name, set.Name, path.Base(name))
			f.Cause = Cause{ID: "nested " + path.Dir(name) + " " + set.Name, Summary: "{n} mapping files are in the folder " + path.Dir(name) + " of the set " + set.Name + ", where nothing checks them", Hint: "move them into " + set.Dir}
		}
		for _, m := range set.Files {
			if !strings.HasPrefix(release.Fold(m.Base), "mapping_"+release.Fold(set.Prefix())) {
				misnamed(p, m, reason == "")
			}
		}
	}
}

// misnamed reports a file that breaks the convention. It is an error unless the
// set's own periodic mirrors the file.
func misnamed(p *Pass, m *release.MappingFile, jobsKnown bool) {
	want, to := "mapping_"+named(m.Set), "mapping_"+filePrefix(p, m.Set)+"_…"
	rename := "rename it to " + to
	pos := source.Position{File: m.Path}
	var foreign *release.Job
	for _, job := range p.tree.Runs().Of(m) {
		if p.tree.Runs().SetOf(job) == m.Set {
			declare := "declare the prefix in " + m.Set.Dir + "/" + release.JobSettingsName + " (prefix: " + likelyPrefix(job) + "), or rename the file"
			f := p.ReportAs(source.Warning, pos, declare, "%s does not begin with %s, though %s runs it", m.Base, want, job.Name)
			f.Cause = Cause{ID: "prefix " + m.Set.Name, Summary: "{n} files of the set " + m.Set.Name + " do not begin with " + want + ", though " + job.Name + " runs them", Hint: declare + "s"}
			return
		}
		if job == p.tree.Runs().RunBy(m.Set) {
			return
		}
		foreign = job
	}
	switch {
	case foreign != nil:
		f := p.Report(pos, rename, "%s does not begin with %s, and %s, the job of another set, would push it with its own credentials",
			m.Base, want, foreign.Name)
		f.Cause = Cause{ID: "run by " + foreign.Name + " " + m.Set.Name,
			Summary: "{n} files of the set " + m.Set.Name + " do not begin with " + want + ", and " + foreign.Name + ", the job of another set, would push them with its own credentials", Hint: "rename them to " + to}
		f.Related = append(f.Related, Related{Pos: foreign.Mappings.Globs[0].Pos, Message: "the job that picks it up"})
		f.Parts = []string{foreign.Name + ", the job of another set, picks up " + m.Base} // for any declared prefix of the set
	case p.tree.Runs().Unknown(m.Set):
		p.ReportAs(source.Warning, pos, rename, "%s does not begin with %s", m.Base, want)
	case jobsKnown:
		f := p.Report(pos, rename, "%s does not begin with %s, and no periodic runs it", m.Base, want)
		if config := m.Set.Generated; p.makes(m) {
			prefix := config.SourceNamespace
			f.Hint = "keep the name, which mirror-jobgen mappings generates: move " + config.Path + " into a set with the prefix " + prefix +
				", or declare prefix: " + prefix + " in " + m.Set.Dir + "/" + release.JobSettingsName + " if all files of the set have it"
		} else {
			f.Fix = renameFix(p, m)
		}
	default:
		p.ReportAs(source.Warning, pos, rename, "%s does not begin with %s", m.Base, want)
	}
}

// named returns the name in the file names of a set: the declared prefix, else
// the name of the set.
func named(set *release.Set) string {
	if set.Job != nil && set.Job.Prefix != "" {
		return set.Job.Prefix
	}
	return set.Name
}

// filePrefix returns the prefix for a new name of a file: one that the set's
// job picks up, else that of the set's other files, else the one in the
// finding.
func filePrefix(p *Pass, set *release.Set) string {
	own, name := set.Prefix(), named(set)
	jobs := p.tree.Runs().JobsOf(set)
	for _, prefix := range [...]string{own, name} {
		if slices.ContainsFunc(jobs, func(j *release.Job) bool { return j.PicksUp("mapping_" + prefix + "_x") }) {
			return prefix
		}
	}
	if slices.ContainsFunc(set.Files, func(m *release.MappingFile) bool { return strings.HasPrefix(m.Base, "mapping_"+own) }) {
		return own
	}
	return name
}

// renameFix returns the fix that gives a file the prefix of its set, if a job
// of the set mirrors it under the new name and no other file has that name.
func renameFix(p *Pass, m *release.MappingFile) *Fix {
	to := "mapping_" + filePrefix(p, m.Set) + "_" + strings.TrimPrefix(m.Base, "mapping_")
	for _, other := range p.tree.Mappings() {
		if other.Base == to {
			return nil
		}
	}
	for _, job := range p.tree.Runs().JobsOf(m.Set) {
		if job.PicksUp(to) {
			return &Fix{Rename: &Rename{From: m.Path, To: m.Set.Dir + "/" + to}}
		}
	}
	return nil
}

// likelyPrefix returns the prefix of a job's glob.
func likelyPrefix(job *release.Job) string {
	stem := strings.TrimPrefix(strings.TrimRight(job.Mappings.Globs[0].Pattern, "*"), "mapping_")
	return strings.TrimRight(stem, "_-")
}
