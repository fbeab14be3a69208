package validate

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// jobForm is how a job runs; the zero value if that is not known.
type jobForm struct {
	kind release.Form
	what string
}

func formOf(job *release.Job) jobForm {
	kind, from := job.Mappings.Form, job.Mappings.From
	switch kind {
	case release.FormEnv:
		return jobForm{kind, "an entry point with " + from.Env}
	case release.FormArgument:
		return jobForm{kind, "a program with " + from.Arg}
	case release.FormShell:
		return jobForm{kind, "a shell script"}
	case release.FormCommand:
		return jobForm{kind, "a program with paths as arguments"}
	}
	return jobForm{}
}

// usualForm returns the form of more than half of the jobs, and at least three;
// the zero value if there is no such form.
func usualForm(jobs []*release.Job) jobForm {
	votes := map[jobForm]int{}
	for _, job := range jobs {
		f := formOf(job)
		if votes[f]++; votes[f] >= 3 && 2*votes[f] > len(jobs) {
			return f
		}
	}
	return jobForm{}
}

// otherForm reports whether a job is of another form than most jobs. That is
// one finding, in place of one for every field in which the two forms differ.
func otherForm(p *Pass, job *release.Job, usual jobForm) bool {
	own := formOf(job)
	if own == usual || own.what == "" || usual.what == "" {
		return false
	}
	if !declaredDeparture(p, job, departure{path: "spec.containers[0].command", settings: []string{"runner", "script"}}) {
		f := p.Report(job.Mappings.Globs[0].Pos, "generate it with mirror-jobgen, or declare the difference in the set's "+release.JobSettingsName,
			"%s runs %s, most jobs run %s", job.Name, own.what, usual.what)
		f.Cause = Cause{ID: own.what, Summary: "{n} jobs run " + own.what + ", most jobs run " + usual.what}
	}
	return true
}

// ofForm reports whether a field depends on the form of a job.
func ofForm(path string) bool {
	fields := []string{"spec.containers[0].command", "spec.containers[0].args", "spec.containers[0].env", "spec.containers[0].image", "spec.automountServiceAccountToken"}
	return slices.ContainsFunc(fields, func(field string) bool { return path == field || strings.HasPrefix(path, field+"[") })
}
