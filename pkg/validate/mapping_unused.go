package validate

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/source"
)

func mappingUnused() Rule {
	return Rule{
		ID:       "mapping-unused",
		Title:    "a mapping that no periodic would run, or that is not uploaded",
		Why:      "Nobody notices: no job fails, the images just never arrive.",
		Fix:      "Give the file a name that its set's job picks up, or add the job.",
		Severity: source.Error,
		Bad: exampleJobs("team", "mapping_team_v*") + `-- core-services/image-mirroring/team/mapping_team_latest --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Good: exampleJobs("team", "mapping_team*") + `-- core-services/image-mirroring/team/mapping_team_latest --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		check: func(p *pass) {
			if reason := p.noJobs(); reason != "" {
				p.skip("%s", reason)
			} else {
				p.unrun()
			}
		},
	}
}

func (p *pass) unrun() {
	for _, m := range p.tree.Mappings() {
		if len(p.runners(m)) > 0 {
			continue
		}
		f := p.report(source.Position{File: m.Path}, "", "no periodic runs %s", m.Base)
		jobs := p.jobsOf(m.Set)
		if len(jobs) == 0 {
			f.Hint = "add a periodic for the set " + m.Set.Name + ": mirror-jobgen generate"
			continue
		}
		f.Hint = "rename the file so that the job of its set picks it up"
		for _, job := range jobs {
			var patterns []string
			for _, g := range job.Globs {
				patterns = append(patterns, g.Pattern)
			}
			if len(patterns) > 0 {
				f.Related = append(f.Related, Related{Pos: job.Globs[0].Pos, Message: job.Name + " runs " + strings.Join(patterns, ", ")})
			}
		}
	}
}
