package validate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// jobForm is the way a job runs; the zero value means unknown.
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

// usualForm returns the form of more than half of the jobs, and at least three.
// It returns the zero value if there is no such form.
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

// otherForm reports a job of another form than most jobs, and returns whether
// it is. This finding replaces those for each field that differs between the
// forms.
func otherForm(p *Pass, job *release.Job, usual jobForm) bool {
	own := formOf(job)
	if own == usual || own.what == "" || usual.what == "" {
		return false
	}
	if !declaredDeparture(p, job, departure{path: "spec.containers[0].command", settings: []string{"runner", "script"}}) {
		f := p.Report(job.NamedAt(), "generate it with mirror-jobgen, or declare the difference in the set's "+release.JobSettingsName,
			"%s runs %s, most jobs run %s", job.Name, own.what, usual.what)
		f.Cause = Cause{ID: own.what, Summary: "{n} jobs run " + own.what + ", most jobs run " + usual.what, Hint: "generate them with mirror-jobgen, or declare the difference in the " + release.JobSettingsName + " of each set"}
	}
	return true
}

// likeTemplate reports whether a job has the template's form. A job of unknown
// form counts as one of the usual form or, without a usual form, has the
// template's if it runs the same program.
func likeTemplate(job *release.Job, usual jobForm, template *release.Job) bool {
	if template == nil {
		return false
	}
	if form := cmp.Or(job.Mappings.Form, usual.kind); form != release.FormNone {
		return form == template.Mappings.Form
	}
	return program(job) == program(template)
}

// program returns the first word of a job's commands, or "" if it runs the
// entry point of its image.
func program(job *release.Job) string {
	if len(job.Args) == 0 {
		return ""
	}
	return job.Args[0].Value
}

// ofForm reports whether a field depends on the form of a job. If the form is
// unknown, all fields of its container do.
func ofForm(job *release.Job, path string) bool {
	const container = "spec.containers[0]."
	fields := []string{container + "command", container + "args", container + "env", container + "image", "spec.automountServiceAccountToken"}
	return slices.ContainsFunc(fields, func(field string) bool { return path == field || strings.HasPrefix(path, field+"[") }) ||
		job.Mappings.Form == release.FormNone && strings.HasPrefix(path, container)
}
