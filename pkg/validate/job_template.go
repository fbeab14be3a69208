package validate

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/source"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

func jobTemplate() Rule {
	return Rule{
		ID:    "job-template",
		Title: "a job that departs from the template outside the FIXME fields",
		Why: "Jobs are copied by hand, and what was changed in one is forgotten in the others: a command that is not the one that the log shows, " +
			"a failure that nobody counts, a tool of years ago.",
		Fix:      "Generate the job with mirror-jobgen; what a set needs differently goes into its _job.yaml.",
		Severity: source.Info,
		Bad:      exampleScript(`echo "Running: oc image mirror -f=$mapping"`, `oc image mirror -f="$mapping" --skip-multiple-scopes`),
		Good:     exampleScript(`echo "Running: oc image mirror -f=$mapping --skip-multiple-scopes"`, `oc image mirror -f="$mapping" --skip-multiple-scopes`),
		check:    checkJobTemplate,
	}
}

func checkJobTemplate(p *pass) {
	if reason := p.noJobs(); reason != "" {
		p.skip("%s", reason)
		return
	}
	usual := p.usualImage()
	for _, job := range p.tree.Jobs.Jobs {
		if !job.Mirrors {
			continue
		}
		severity := p.rule.Severity
		var departures []string
		depart := func(s source.Severity, what string) {
			severity = min(severity, s)
			departures = append(departures, what)
		}
		if strings.Contains(job.Name, "FIXME") || slices.ContainsFunc(job.Globs, func(g release.Glob) bool { return strings.Contains(g.Pattern, "FIXME") }) ||
			slices.ContainsFunc(job.Secrets, func(s release.SecretMount) bool { return strings.Contains(s.Secret, "FIXME") }) || job.Labels["ci.openshift.io/area"] == "FIXME" {
			depart(source.Error, "a FIXME of the template is left")
		}
		if job.Labels["ci.openshift.io/role"] != "image-mirroring" {
			depart(source.Info, "the label ci.openshift.io/role: image-mirroring is missing")
		}
		if job.Labels["ci.openshift.io/area"] == "" {
			depart(source.Info, "the label ci.openshift.io/area is missing")
		}
		if !decorated(job.Node) {
			depart(source.Info, "it is not decorated, so its log is not kept")
		}
		if usual != "" && job.Image != usual && !p.declares(job, "image") {
			depart(source.Info, "it runs "+job.Image+", most jobs "+usual)
		}
		for _, arg := range job.Args {
			for _, d := range scriptDepartures(withoutComments(arg.Value)) {
				depart(d.severity, d.what)
			}
		}
		if len(departures) > 0 {
			p.reportAs(severity, job.Pos, "generate it with mirror-jobgen, or declare the difference in the set's "+release.JobSettingsName,
				"%s departs from the template: %s", job.Name, strings.Join(departures, "; "))
		}
	}
}

// usualImage is the image that most mirroring jobs run; "" where there is no
// majority.
func (p *pass) usualImage() string {
	counts, total := map[string]int{}, 0
	for _, job := range p.tree.Jobs.Jobs {
		if job.Mirrors && job.Image != "" {
			counts[job.Image]++
			total++
		}
	}
	for image, n := range counts {
		if 2*n > total {
			return image
		}
	}
	return ""
}

// declares says whether a job's set declares a setting.
func (p *pass) declares(job *release.Job, key string) bool {
	set := p.tree.Runs().SetOf(job)
	return set != nil && set.Job != nil && slices.Contains(set.Job.Keys(), key)
}

func decorated(job *yaml.Node) bool {
	for i := 0; i+1 < len(job.Content); i += 2 {
		if job.Content[i].Value == "decorate" {
			return job.Content[i+1].Value == "true"
		}
	}
	return false
}

type departure struct {
	severity source.Severity
	what     string
}

var (
	echoed = regexp.MustCompile(`echo "?Running: (oc [^"\n]*)"?`)
	ran    = regexp.MustCompile(`(?m)^\s*(?:if )?(?:! )?(oc (?:-v\d+ )?image mirror[^;\n]*)`)
	blanks = regexp.MustCompile(`\s+`)
	// unsaid is what scripts run and do not echo: the auth file, debug output.
	unsaid = regexp.MustCompile(`\s(?:-a[= ]\S+|-v\d+)`)
)

// scriptDepartures compares a script with what every good one does.
func scriptDepartures(script string) []departure {
	var out []departure
	run := ran.FindStringSubmatch(script)
	if run == nil {
		return nil
	}
	if said := echoed.FindStringSubmatch(script); said != nil && plainCommand(said[1]) != plainCommand(run[1]) {
		out = append(out, departure{source.Info, "the command that the log shows (" + strings.TrimSpace(said[1]) + ") is not the one that is run (" + strings.TrimSpace(run[1]) + ")"})
	}
	if !strings.Contains(run[1], "--skip-multiple-scopes") {
		out = append(out, departure{source.Warning, "without --skip-multiple-scopes oc pushes every repository with the credential of the first"})
	}
	if strings.Contains(script, "--dry-run") {
		out = append(out, departure{source.Warning, "it only says what it would mirror (--dry-run)"})
	}
	if strings.Contains(script, "if ! oc") && !strings.Contains(script, "exit $failures") && !strings.Contains(script, "exit ${failures}") && !strings.Contains(script, "exit 1") {
		out = append(out, departure{source.Warning, "a failure does not make the job fail"})
	}
	slices.SortStableFunc(out, func(a, b departure) int { return cmp.Compare(a.severity, b.severity) })
	return out
}

// plainCommand leaves out quotes and the auth file, which scripts keep to
// themselves.
func plainCommand(s string) string {
	s = strings.NewReplacer(`"`, "", "${", "$", "}", "").Replace(s)
	return strings.TrimSpace(blanks.ReplaceAllString(unsaid.ReplaceAllString(s, ""), " "))
}
