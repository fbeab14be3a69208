package jobgen

import (
	"cmp"
	"reflect"
	"strconv"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// reader reads the settings of existing jobs.
type reader struct{ basis }

// extract reads all settings from a job, including those that equal the
// template's. A patch covers what has no setting.
func (b reader) extract(job object) release.JobSettings {
	var s release.JobSettings
	c := b.template.container(job)
	s.Name = str(job, "name")
	s.Area = str(job, "labels", areaLabel)
	s.Cluster = str(job, "cluster")
	s.Cron = str(job, "cron")
	s.Interval = release.Duration(str(job, "interval"))
	s.Timeout = release.Duration(str(job, "decoration_config", "timeout"))
	s.GracePeriod = release.Duration(str(job, "decoration_config", "grace_period"))
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
	pull, _ := extractPull(job, c)
	s.PullSecret = cmp.Or(pull, release.NoPullSecret)
	s.Image = str(c, "image")
	s.Labels = texts(at(job, "labels"))
	delete(s.Labels, areaLabel)
	b.extractEnv(&s, c)
	b.extractRunner(&s, c)
	if token := s.ServiceAccountToken; token != nil && *token && (s.RegistryLogin == release.LoginUsed || s.RegistryLogin == release.LoginUnused) {
		s.ServiceAccountToken = nil // implied by a login
	}
	return s
}

// texts returns the strings of a mapping by name.
func texts(v any) release.Values {
	out := release.Values{}
	o, _ := v.(object)
	for name, x := range o {
		if text, ok := x.(string); ok {
			out[name] = &text
		}
	}
	return out
}

// extractSlack reads the Slack settings of the job, if settings can express them
// completely.
func extractSlack(job object) *release.Slack {
	slack, ok := at(job, "reporter_config", "slack").(object)
	if !ok {
		return nil
	}
	s := &release.Slack{Channel: str(slack, "channel"), Template: str(slack, "report_template")}
	if v, ok := slack["job_states_to_report"]; ok {
		states := append([]string{}, words(v)...)
		if v == nil || len(states) > 0 {
			s.States = &states
		}
	}
	return s
}

// extractEnv reads the variables, and the resources if they differ from the
// template's.
func (b reader) extractEnv(s *release.JobSettings, c object) {
	s.Env = release.Values{}
	for _, e := range list(c, "env") {
		o, _ := e.(object)
		s.EnvOrder = append(s.EnvOrder, str(o, "name"))
		if value, ok := o["value"].(string); ok && len(o) == 2 {
			s.Env[str(o, "name")] = &value
		}
	}
	base := b.template.container(b.template.value)
	if r, ok := c["resources"].(object); ok && !reflect.DeepEqual(r, base["resources"]) {
		s.Resources = cloneObject(r)
	}
}

// extractRunner reads the runner of a container and its settings.
func (b reader) extractRunner(s *release.JobSettings, c object) {
	command := words(c["command"])
	switch {
	case len(command) == 1 && command[0] == mirrorCommand:
		s.Runner = release.RunnerMirror
		b.extractMirror(s, words(c["args"]))
	case b.extractEntrypoint(s, c):
		if token := s.ServiceAccountToken; token == nil {
			s.RegistryLogin = release.LoginNone
		} else if *token {
			s.RegistryLogin = release.LoginUsed
		}
	default:
		s.Runner = release.RunnerOC
		b.extractScript(s, c)
	}
}

// words returns the strings of a list.
func words(v any) []string {
	var out []string
	for _, x := range list(v) {
		if text, ok := x.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// extractMirror reads the flags of the mirror command that have settings. A patch
// covers the others.
func (b reader) extractMirror(s *release.JobSettings, args []string) {
	s.RegistryLogin = release.LoginNone
	for _, arg := range args {
		flag, value, _ := strings.Cut(arg, "=")
		switch flag {
		case "-f":
			prefix, ok := strings.CutPrefix(value, b.repo.MountPath+"/"+mappingName)
			if ok && strings.HasSuffix(prefix, "*") {
				s.Prefix = strings.TrimSuffix(prefix, "*")
			}
		case "--max-per-registry":
			s.MaxPerRegistry, _ = strconv.Atoi(value)
		case "--digest-tags":
			s.DigestTags, _ = strconv.Atoi(value)
		case "--overwrite":
			s.Overwrite = release.Overwrite(value)
		case "--immutable":
			s.Immutable = append(s.Immutable, value)
		case "--protected":
			s.Protected = release.Protected(value)
		case "--backup":
			s.Backup = value
		case "--registry-token":
			s.RegistryLogin = release.LoginUsed
		}
	}
}

// mappingName is the start of every mapping file's name.
const mappingName = "mapping_"

// extractScript reads the parts of the shell loop, or the whole script.
func (b reader) extractScript(s *release.JobSettings, c object) {
	text := script(c)
	l, ok := release.ParseLoop(text)
	prefix, cut := strings.CutPrefix(strings.TrimSuffix(l.Glob, "*"), mappingName)
	if !ok || !cut || !release.ValidPrefix(prefix) || !strings.HasSuffix(l.Glob, "*") || l.Mount != b.repo.MountPath || !b.template.loops {
		s.Script = text
		return
	}
	s.Prefix = prefix
	s.RegistryLogin = l.Login
	s.Attempts = l.Attempts
	s.MaxPerRegistry = l.MaxPerRegistry
	s.DigestTags = l.DigestTags
	s.KeepManifestList = &l.KeepManifestList
	s.ContinueOnError = &l.ContinueOnError
	s.SkipEmpty = &l.SkipEmpty
	s.Trace = &l.Trace
	s.Verbosity = &l.Verbosity
}

// minimise leaves out every setting that does not change the job.
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

// fit leaves out values that a job has anyway, and adds null for values that it
// would have but does not.
func fit(want, have release.Values) release.Values {
	out := release.Values{}
	for name, value := range want {
		if old, ok := have[name]; !ok || *old != *value {
			out[name] = value
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			out[name] = nil
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// trial builds a job without reporting problems.
func (b *builder) trial(s subject) object {
	t := *b
	t.problems = nil
	job := t.job(s, 1)
	if len(t.problems) > 0 {
		return nil
	}
	return job
}
