package validate

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobTemplate() Rule {
	return Rule{
		ID:    "job-template",
		Title: "a job that departs from the template outside the FIXME fields",
		Why: "Jobs are copied by hand, and a change in one is forgotten in the others. " +
			"Then the log shows another command than the one that runs, failures are not counted, " +
			"or the tool is outdated.",
		Fix: "Generate the job with mirror-jobgen; put what a set needs differently into its _job.yaml. " +
			"Not reported: what most jobs of the repository have, and a set's own choices (schedule, notifications, credentials, how it mirrors). " +
			"Once a set has a _job.yaml, its choices have to be declared there.",
		Severity: source.Info,
		Bad: exampleFromTemplate("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent",
			"oc image mirror --keep-manifest-list -f=\"$mapping\"", "oc image mirror -f=\"$mapping\""),
		Good:  exampleFromTemplate(),
		Check: checkJobTemplate,
	}
}

// exampleFromTemplate returns the jobs file of an example with the template's
// job, changed by pairs of an old and a new text.
func exampleFromTemplate(oldnew ...string) string {
	var job strings.Builder
	for line := range strings.Lines(string(release.BuiltInTemplate())) {
		switch {
		case strings.HasPrefix(line, "#"):
		case job.Len() == 0:
			job.WriteString("- " + line)
		default:
			job.WriteString("  " + line)
		}
	}
	text := strings.NewReplacer("FIXME", "team").Replace(job.String())
	return "-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics:\n" + strings.NewReplacer(oldnew...).Replace(text)
}

// checkJobTemplate reports every field of a mirroring job that equals neither
// the template, nor most jobs, nor its settings.
func checkJobTemplate(p *Pass) {
	if !p.known(p.noJobs()) {
		return
	}
	if p.tree.Template() == nil {
		p.Skip("the template %s cannot be read: only mistakes that show without one are reported", p.tree.Settings.Template)
	}
	var jobs []*release.Job
	for _, job := range p.tree.Jobs.Jobs {
		if job.Mirrors || len(job.Unmounted) > 0 { // job-configmap reports the latter; they count for the usual values
			jobs = append(jobs, job)
		}
	}
	all := make([][]departure, len(jobs))
	for i, job := range jobs {
		all[i] = departures(p, job)
	}
	usual, form, template := usualDepartures(all), usualForm(jobs), p.tree.Template()
	for i, job := range jobs {
		if !job.Mirrors {
			continue
		}
		unfilledTemplate(p, job)
		refused := missingVolumes(p, job)
		told := wrongScripts(p, job)
		odd := otherForm(p, job, form)
		powers := reportedPowers(p, job)
		comparable := likeTemplate(job, form, template)
		for _, d := range all[i] {
			if told && strings.Contains(d.what, "image mirror") {
				continue // the same command
			}
			if refused && strings.HasPrefix(d.path, "spec.volumes[") {
				continue // the same volume
			}
			if d.holds(powers) {
				continue // job-power reports it
			}
			if ofForm(job, d.path) && (odd || !comparable && !usual.covers(d)) {
				continue // the template has another form
			}
			if !usual.has(d) && !declaredDeparture(p, job, d) {
				departs(p, job, d.severity, d.pos, usual.instead(d))
			}
		}
	}
}

// wrongScripts reports mistakes in the scripts of a job that do not depend on
// its template. It returns whether there are any.
func wrongScripts(p *Pass, job *release.Job) (found bool) {
	for _, arg := range job.Args {
		for _, d := range scriptDepartures(withoutComments(arg.Value)) {
			departs(p, job, d.severity, release.Locate(p.tree.Jobs.Path, p.tree.Jobs.Text, arg, d.offset), d.what)
			found = true
		}
	}
	return found
}

func departs(p *Pass, job *release.Job, severity source.Severity, pos source.Position, what string) {
	f := p.ReportAs(severity, pos, "generate it with mirror-jobgen, or declare the difference in the set's "+release.JobSettingsName,
		"%s departs from the template: %s", job.Name, what)
	f.Cause = Cause{ID: what, Summary: "{n} jobs depart from the template: " + what, Hint: "generate them with mirror-jobgen, or declare the difference in the " + release.JobSettingsName + " of each set"}
}

// unfilledTemplate reports placeholders of the template that were not filled
// in.
func unfilledTemplate(p *Pass, job *release.Job) {
	for _, n := range scalars(job.Node) {
		at := strings.Index(withoutComments(n.Value), release.Placeholder)
		if at < 0 {
			continue
		}
		p.ReportAs(source.Error, release.Locate(p.tree.Jobs.Path, p.tree.Jobs.Text, n, at), "fill it in for the set",
			"%s has a FIXME of the template left", job.Name)
	}
}

// missingVolumes reports volumes that a job mounts but does not have. It
// returns whether there are any.
func missingVolumes(p *Pass, job *release.Job) bool {
	missing := job.MissingVolumes(p.tree.Jobs.Path)
	for _, v := range missing {
		p.ReportAs(source.Error, v.Pos, "correct the name of the mount or of the volume",
			"%s mounts the volume %s, which its pod does not have: Kubernetes refuses the pod", job.Name, v.Text)
	}
	return len(missing) > 0
}

// declaredDeparture reports whether settings declare the job's value: its set's
// _job.yaml, the entry of _mirror.yaml for a job without a set, or the
// defaults. Without settings, a field that each set may choose counts as
// declared.
func declaredDeparture(p *Pass, job *release.Job, d departure) bool {
	own, adopted := settingsOf(p, job)
	given := p.tree.Settings.Keys()
	for _, s := range []*release.JobSettings{own, &p.tree.Settings.Defaults} {
		if s == nil {
			continue
		}
		if given = append(given, s.Keys()...); patched(s.Patch, d.path) {
			return true
		}
	}
	return slices.ContainsFunc(d.settings, func(key string) bool { return slices.Contains(given, key) }) || d.choice && own == nil && !adopted
}

// settingsOf returns the job's own settings, or nil, and whether all jobs are
// generated from settings.
func settingsOf(p *Pass, job *release.Job) (*release.JobSettings, bool) {
	settings := p.tree.Settings
	for i := range settings.Jobs {
		if settings.Jobs[i].Name == job.Name {
			return &settings.Jobs[i], settings.Adopted
		}
	}
	if set := p.tree.Runs().SetOf(job); set != nil {
		return set.Job, settings.Adopted
	}
	return nil, settings.Adopted
}

// patched reports whether a merge patch changes the value at a path. It
// replaces a list as a whole; a mapping in place of the list changes its first
// item.
func patched(patch map[string]any, at string) bool {
	for key, value := range patch {
		rest, ok := strings.CutPrefix(at, key)
		if !ok {
			continue
		}
		if i := strings.Index(rest, "]."); i >= 0 && rest[0] == '[' {
			rest = rest[i+1:]
		}
		deeper, ok := value.(map[string]any)
		if whole := rest == "" || rest[0] == '['; whole || rest[0] == '.' && (!ok || patched(deeper, rest[1:])) {
			return true
		}
	}
	return false
}
