package jobgen

import (
	"reflect"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// extract reads from a job all settings that can say what it has, those that
// are the template's too. What no setting says is left for the patch.
func (b *builder) extract(job object) release.JobSettings {
	var s release.JobSettings
	c := b.template.container(job)
	s.Name = str(job, "name")
	s.Area = str(job, "labels", "ci.openshift.io/area")
	s.Cluster = str(job, "cluster")
	s.Cron = str(job, "cron")
	s.Interval = release.Duration(str(job, "interval"))
	s.Timeout = release.Duration(str(job, "decoration_config", "timeout"))
	s.Slack = extractSlack(job)
	if v, ok := at(job, "spec", "automountServiceAccountToken").(bool); ok {
		s.ServiceAccountToken = &v
	}
	volume, secret := pushVolume(job)
	s.Secret = str(secret, "secretName")
	if c == nil {
		return s
	}
	if m := mounts(c, volume); len(m) > 0 {
		s.SecretKey = str(m[0], "subPath")
	}
	s.Image = str(c, "image")
	b.extractEnv(&s, c)
	b.extractScript(&s, c)
	return s
}

// extractSlack reads who hears of the job, when it says no more than settings
// can.
func extractSlack(job object) *release.Slack {
	slack, ok := at(job, "reporter_config", "slack").(object)
	if !ok {
		return nil
	}
	s := &release.Slack{Channel: str(slack, "channel"), Template: str(slack, "report_template")}
	if v, ok := slack["job_states_to_report"]; ok {
		states := []string{}
		for _, x := range list(slack, "job_states_to_report") {
			if state, ok := x.(string); ok {
				states = append(states, state)
			}
		}
		if v == nil || len(states) > 0 {
			s.States = &states
		}
	}
	return s
}

// extractEnv reads the variables and resources that are not the template's.
func (b *builder) extractEnv(s *release.JobSettings, c object) {
	base := b.template.container(b.template.value)
	for _, e := range list(c, "env") {
		o, ok := e.(object)
		value, plain := o["value"].(string)
		if !ok || !plain || len(o) != 2 || contains(list(base, "env"), e) {
			continue
		}
		if s.Env == nil {
			s.Env = map[string]string{}
		}
		s.Env[str(o, "name")] = value
	}
	if r, ok := c["resources"].(object); ok && !reflect.DeepEqual(r, base["resources"]) {
		s.Resources = cloneObject(r)
	}
}

func contains(list []any, v any) bool {
	for _, x := range list {
		if reflect.DeepEqual(x, v) {
			return true
		}
	}
	return false
}

// extractScript reads the parts of the shell loop, or the script as it is.
func (b *builder) extractScript(s *release.JobSettings, c object) {
	text := script(c)
	l, ok := release.ParseLoop(text)
	prefix, cut := strings.CutPrefix(strings.TrimSuffix(l.Glob, "*"), "mapping_")
	if !ok || !cut || !release.ValidPrefix(prefix) || !strings.HasSuffix(l.Glob, "*") || l.Mount != b.repo.MountPath || !b.template.loops {
		s.Script = text
		return
	}
	s.Prefix = prefix
	s.RegistryLogin = l.Login
	s.Attempts = l.Attempts
	s.MaxPerRegistry = l.MaxPerRegistry
	s.KeepManifestList = &l.KeepManifestList
	s.ContinueOnError = &l.ContinueOnError
	s.SkipEmpty = &l.SkipEmpty
	s.Trace = &l.Trace
	s.Verbosity = &l.Verbosity
}

// minimise leaves out every setting without which the job is the same.
func (b *builder) minimise(s subject) release.JobSettings {
	full := b.trial(s)
	out := *s.own
	v := reflect.ValueOf(&out).Elem()
	for i := range v.NumField() {
		field := v.Field(i)
		if !v.Type().Field(i).IsExported() || field.IsZero() {
			continue
		}
		kept := reflect.ValueOf(field.Interface())
		field.SetZero()
		less := s
		less.own, less.all = &out, out.Over(b.repo.Defaults)
		if !reflect.DeepEqual(b.trial(less), full) {
			field.Set(kept)
		}
	}
	return out
}

// trial makes a job without reporting anything.
func (b *builder) trial(s subject) object {
	t := *b
	t.problems = nil
	job := t.job(s, 1)
	if len(t.problems) > 0 {
		return nil
	}
	return job
}
