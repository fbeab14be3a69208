package validate

import (
	"slices"

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
		Bad:      exampleJobs("other", "mapping_other*") + exampleMapping,
		Good:     exampleJobs("team", "mapping_team*") + exampleMapping,
		Check: func(p *Pass) {
			if !p.known(p.noJobs()) {
				return
			}
			for _, problem := range p.tree.Runs().Unread() {
				p.Skip("%s: it is not known whether it has the job of a set", problem.Error())
			}
			for _, job := range p.tree.Runs().Elsewhere(nil) {
				if !job.Mappings.Known {
					p.Skip("it is not known which mappings %s, at %s, runs: describe it with mappings_from in %s", job.Name, job.Pos, p.tree.Layout.Settings())
				}
			}
			if !noPeriodics(p) {
				for _, set := range p.tree.Sets {
					checkSetJob(p, set)
				}
			}
		},
	}
}

// noPeriodics reports, once, that the jobs file has no periodics though there
// are several sets.
func noPeriodics(p *Pass) bool {
	runs := p.tree.Runs()
	elsewhere := func(s *release.Set) bool { return len(runs.Elsewhere(s)) > 0 }
	jobless := slices.DeleteFunc(slices.Clone(p.tree.Sets), func(s *release.Set) bool { return s.Paused() || len(s.Files) == 0 })
	if len(p.tree.Jobs.Jobs) > 0 || len(jobless) < 2 || len(runs.Unread()) > 0 || slices.ContainsFunc(p.tree.Sets, elsewhere) {
		return false
	}
	f := p.Report(source.Position{File: p.tree.Jobs.Path}, "add the jobs, or run mirror-jobgen generate", "%s has no periodics: nothing mirrors the %d sets", p.tree.Jobs.Path, len(jobless))
	f.Parts = []string{"there are no periodics"}
	return true
}

// checkSetJob reports a set without a job. set-mapping reports a set without
// mappings.
func checkSetJob(p *Pass, set *release.Set) {
	runs, jobs := p.tree.Runs(), p.tree.Jobs.Path
	if set.Paused() || len(set.Files) == 0 || runs.RunBy(set) != nil {
		return
	}
	elsewhere := runs.Elsewhere(set)
	for _, job := range elsewhere {
		p.Skip("the job of the set %s, %s, is at %s: only jobs in %s are checked", set.Name, job.Name, job.Pos, jobs)
	}
	switch {
	case set.Job != nil && set.Job.RunBy != "":
		p.Report(set.Job.At("run_by"), "name a set that has a job, or a periodic", "run_by names %q, which is not a set with a job or a periodic of %s",
			set.Job.RunBy, jobs)
	case len(runs.JobsOf(set)) > 0 || len(elsewhere) > 0:
	case !runs.Unknown(set): // else job-unused reports the job, or the file was skipped above
		p.Report(source.Position{File: set.Dir}, "run mirror-jobgen generate, or add the job to "+jobs,
			"the set %s has no periodic in %s", set.Name, jobs)
	}
}
