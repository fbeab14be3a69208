package validate

import "github.com/mirror-tools/mirror-tools/pkg/source"

func setJob() Rule {
	return Rule{
		ID:       "set-job",
		Title:    "a set without a periodic",
		Why:      "Mappings alone do nothing: a periodic has to run them.",
		Fix:      "Run mirror-jobgen generate, or copy the job template and fill in its FIXMEs.",
		Severity: source.Error,
		Bad: exampleJobs("other", "mapping_other*") + `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Good: exampleJobs("team", "mapping_team*") + `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Check: func(p *Pass) {
			if reason := p.noJobs(); reason != "" {
				p.Skip("%s", reason)
				return
			}
			for _, set := range p.tree.Sets {
				if set.Job != nil && set.Job.Disabled != nil && *set.Job.Disabled || len(p.tree.Runs().JobsOf(set)) > 0 {
					continue
				}
				p.Report(source.Position{File: set.Dir}, "run mirror-jobgen generate, or add the job to "+p.tree.Jobs.Path,
					"no periodic in %s is for the set %s", p.tree.Jobs.Path, set.Name)
			}
		},
	}
}
