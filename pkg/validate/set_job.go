package validate

import (
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func setJob() Rule {
	return Rule{
		ID:    "set-job",
		Title: "a set without a periodic",
		Why:   "Mappings alone do nothing: a periodic has to run them.",
		Fix: "Run mirror-jobgen generate, or copy the job template and fill in its FIXMEs. " +
			"If another set's job is to run the mappings, say so in the set's _job.yaml: run_by: OTHER.",
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
				if paused(set) || len(set.Files) == 0 || len(p.tree.Runs().JobsOf(set)) > 0 || p.tree.Runs().RunBy(set) != nil {
					continue // of a set without mappings set-mapping speaks
				}
				if set.Job != nil && set.Job.RunBy != "" {
					p.Report(set.Job.At("run_by"), "name a set that has a job, or a periodic", "run_by is %q, which is neither a set with a job nor a periodic of %s",
						set.Job.RunBy, p.tree.Jobs.Path)
					continue
				}
				p.Report(source.Position{File: set.Dir}, "run mirror-jobgen generate, or add the job to "+p.tree.Jobs.Path,
					"no periodic in %s is for the set %s", p.tree.Jobs.Path, set.Name)
			}
		},
	}
}

// paused reports whether the settings of a set keep it without a job.
func paused(set *release.Set) bool {
	return set.Job != nil && set.Job.Disabled != nil && *set.Job.Disabled
}
