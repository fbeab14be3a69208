package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobOverlap() Rule {
	return Rule{
		ID:    "job-overlap",
		Title: "a periodic whose glob also picks up another set's mappings",
		Why: "All sets share one ConfigMap. A glob that also matches another set's files runs those too: " +
			"with the wrong credentials, or twice.",
		Fix:      "End the glob with _* (mapping_team_*), or rename the other set's files.",
		Severity: source.Error,
		Bad: exampleJobs("team", "mapping_team*") + `-- core-services/image-mirroring/team/mapping_team_a --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
-- core-services/image-mirroring/teamwork/mapping_teamwork_b --
registry.ci.openshift.org/teamwork/stream:app quay.io/teamwork/app:latest
`,
		Good: exampleJobs("team", "mapping_team_*") + `-- core-services/image-mirroring/team/mapping_team_a --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
-- core-services/image-mirroring/teamwork/mapping_teamwork_b --
registry.ci.openshift.org/teamwork/stream:app quay.io/teamwork/app:latest
`,
		Check: func(p *Pass) {
			for _, job := range p.jobs() {
				if set := p.tree.Runs().SetOf(job); job.Mirrors && set != nil {
					checkOverlap(p, job, set)
				}
			}
		},
	}
}

// foreign reports whether a job belongs to another set and does not mirror a
// set on purpose.
func (f *facts) foreign(job *release.Job, set *release.Set) bool {
	owner := f.tree.Runs().SetOf(job)
	return owner != nil && owner != set && f.tree.Runs().RunBy(set) != job
}

// checkOverlap reports the files of other sets that a job picks up.
// mapping-name reports files that break the naming convention.
func checkOverlap(p *Pass, job *release.Job, set *release.Set) {
	files := map[*release.Set][]*release.MappingFile{}
	for _, m := range p.tree.Runs().Files(job) {
		if m.Set != set && p.tree.Runs().RunBy(m.Set) != job {
			files[m.Set] = append(files[m.Set], m)
		}
	}
	severity := source.Warning
	for other, taken := range files {
		if slices.ContainsFunc(taken, func(m *release.MappingFile) bool {
			return strings.HasPrefix(release.Fold(m.Base), "mapping_"+release.Fold(other.Prefix()))
		}) {
			severity = p.rule.Severity
		}
	}
	for _, other := range p.tree.Sets {
		taken := files[other]
		if len(taken) == 0 {
			continue
		}
		var names []string
		for _, m := range taken {
			names = append(names, m.Base)
		}
		if len(names) > 3 {
			names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
		}
		f := p.ReportAs(severity, job.Mappings.Globs[0].Pos, "narrow the glob, or rename the files of set "+other.Name,
			"%s, the job of set %s, also picks up %s of set %s", job.Name, set.Name, strings.Join(names, ", "), other.Name)
		f.Cause = Cause{ID: job.Name, Summary: job.Name + ", the job of set " + set.Name + ", also picks up files of {n} other sets", Hint: "narrow the glob, or rename the files of the other sets"}
		for _, m := range taken {
			f.Parts = append(f.Parts, fmt.Sprintf("%s also picks up %s of set %s", job.Name, m.Base, other.Name))
			f.Related = append(f.Related, Related{Pos: source.Position{File: m.Path}, Message: "picked up"})
		}
	}
}
