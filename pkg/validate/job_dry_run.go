package validate

import (
	"maps"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobDryRun() Rule {
	return Rule{
		ID:    "job-dry-run",
		Title: "a job that succeeds without mirroring anything",
		Why: "The entry point of the image only prints what it would copy unless a variable enables copying. " +
			"The job succeeds on every run, and the images never arrive.",
		Fix:      "Set the variable as in the other jobs, such as dry_run: \"false\", with the quotes.",
		Severity: source.Error,
		Bad:      exampleEntryPoint("{name: dry_run, value: \"true\"}", ""),
		Good:     exampleEntryPoint("{name: dry_run, value: \"false\"}", ""),
		Check: func(p *Pass) {
			for _, job := range p.jobs() {
				if from := job.Mappings.From; from != nil {
					checkRequired(p, job, from.Requires)
				}
			}
		},
	}
}

// checkRequired reports variables without which the job copies nothing. A value
// in the set's settings is intended.
func checkRequired(p *Pass, job *release.Job, required map[string]string) {
	own, _ := settingsOf(p, job)
	for _, name := range slices.Sorted(maps.Keys(required)) {
		want := required[name]
		field, set := job.Env[name]
		hint := "set " + name + " to \"" + want + "\""
		switch {
		case !set && (slices.Contains(job.EnvFrom, name) || slices.Contains(job.EnvFrom, "*")):
			p.Skip("whether %s mirrors anything is not known: the value of %s is not in the jobs file", job.Name, name)
		case !set:
			others := slices.DeleteFunc(sortedKeys(job.Env), func(other string) bool { return required[other] != "" })
			if other := suggest.Nearest(name, others); other != "" {
				p.Report(job.Env[other].KeyPos, "did you mean "+name+"?", "%s mirrors nothing: its entry point needs %s=%s, and it sets %s", job.Name, name, want, other)
				continue
			}
			p.Report(job.NamedAt(), hint, "%s mirrors nothing: its entry point needs %s=%s, and %s is not set", job.Name, name, want, name)
		case field.Text != want:
			severity := p.rule.Severity
			if own != nil {
				if _, given := own.Env[name]; given {
					severity = source.Info
				}
			}
			p.ReportAs(severity, field.Pos, hint, "%s mirrors nothing: its entry point needs %s=%s, and has %q", job.Name, name, want, field.Text)
		case !field.Quoted:
			p.Report(field.Pos, "write it in quotes", "%s sets %s to %s without quotes, so it is not a string: Prow refuses the file", job.Name, name, field.Text)
		}
	}
}

// exampleEntryPoint is the jobs file of an example whose image has an entry
// point that finds its mappings by a variable.
func exampleEntryPoint(env, spec string) string {
	return `-- ci-operator/jobs/infra-image-mirroring.yaml --
periodics:
- name: periodic-image-mirroring-team
  cron: '@hourly'
  spec:` + spec + `
    containers:
    - command: [/tp-entrypoint.sh]
      env:
      - {name: MAPPING_FILE_PREFIX, value: mapping_team}
      - ` + env + `
      volumeMounts:
      - {mountPath: /etc/imagemirror, name: config}
    volumes:
    - {name: config, configMap: {name: image-mirror-mappings}}
` + exampleMapping
}
