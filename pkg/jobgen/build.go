package jobgen

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// basis is what the jobs of a tree are made from.
type basis struct {
	template *Template
	layout   *release.Layout
	repo     *release.Settings
}

// report collects problems and notes.
type report struct {
	problems Problems
	notes    []source.Problem
}

func (r *report) problem(pos source.Position, hint, format string, args ...any) {
	r.problems = append(r.problems, source.Problem{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// unused notes settings of a set that its runner does not use. They may stay for
// a switch back to another runner.
func (r *report) unused(s subject, keys ...string) {
	for _, key := range keys {
		if slices.Contains(s.own.Keys(), key) {
			r.notes = append(r.notes, source.Problem{Pos: s.at(key), Severity: source.Info,
				Message: key + " has no effect with the runner " + string(s.all.Runner)})
		}
	}
}

// builder builds the jobs of a tree.
type builder struct {
	reader
	secrets secrets
	report
}

func newBuilder(t *Template, tree *release.Tree, repo *release.Settings) builder {
	return builder{reader: reader{basis{t, &tree.Layout, repo}}, secrets: secrets{tree.Secrets()}}
}

// job builds the periodic of a subject, or its i-th shard, counted from 1. It
// returns nil if the prefix of the subject is not safe in a script.
func (b *builder) job(s subject, i int) object {
	if prefix := s.prefix(); !release.ValidPrefix(prefix) {
		b.problem(s.at("prefix"), "name the folder with letters, digits, '-', '.' and '_', or set prefix", "%q cannot be part of a script: it is not a valid prefix of mapping files", prefix)
		return nil
	}
	job := cloneObject(b.template.value)
	job["name"] = shardName(s.jobName(b.template), i, s.shards())
	c := b.template.container(job)
	setLabels(job, s, b.repo.Defaults.Labels)
	b.volumes(job, c, s)
	b.pullSecret(job, c, s)
	setSchedule(job, s)
	setSlack(job, s)
	switch s.all.Runner {
	case release.RunnerMirror:
		mirrorRunner{b}.fill(job, c, s, i)
	case release.RunnerEntrypoint:
		entrypointRunner{b}.fill(c, s)
	default:
		shellRunner{b}.fill(job, c, s)
	}
	b.pod(job, c, s)
	return b.patch(job, s)
}

// areaLabel is the label with the owner of a job.
const areaLabel = "ci.openshift.io/area"

// setLabels sets the labels of a job: those of all jobs, then its own.
func setLabels(job object, s subject, common release.Values) {
	labels := child(job, "labels")
	for k, v := range labels {
		if text, ok := v.(string); ok {
			labels[k] = strings.ReplaceAll(text, placeholder, s.area())
		}
	}
	if s.all.Area != "" {
		labels[areaLabel] = s.all.Area
	}
	for _, values := range []release.Values{common, s.own.Labels} {
		for name, value := range values {
			if value == nil {
				delete(labels, name)
			} else {
				labels[name] = *value
			}
		}
	}
}

// volumes sets the secret, its key, the ConfigMap and its mount.
func (b *builder) volumes(job, c object, s subject) {
	volume, secret := pushVolume(job)
	if secret != nil {
		secret["secretName"] = b.secret(s, str(job, "cluster"), str(secret, "secretName"))
	} else if s.all.Secret != "" {
		b.problem(s.at("secret"), "add a volume with a secret to the template", "the template %s mounts no secret", b.template.file)
	}
	if s.all.SecretKey != "" {
		for _, m := range mounts(c, volume) {
			m["subPath"] = s.all.SecretKey
		}
	}
	for name, config := range configVolumes(job) {
		if str(config, "name") == release.DefaultConfigMap {
			setConfigMap(job, name, config, b.repo.ConfigMaps())
			for _, m := range mounts(c, name) {
				m["mountPath"] = b.repo.MountPath
			}
		}
	}
}

// setConfigMap sets the ConfigMap of a volume. Several partitions become one
// projected volume.
func setConfigMap(job object, volume string, config object, names []string) {
	config["name"] = names[0]
	if len(names) == 1 {
		return
	}
	var sources []any
	for _, name := range names {
		source := cloneObject(config)
		source["name"] = name
		sources = append(sources, object{"configMap": source})
	}
	for _, v := range list(job, "spec", "volumes") {
		if o, ok := v.(object); ok && str(o, "name") == volume {
			delete(o, "configMap")
			o["projected"] = object{"sources": sources}
		}
	}
}

// secret returns the secret with the push credentials: the one in the settings,
// or the template's with the name of the set, if such a secret exists.
func (b *builder) secret(s subject, cluster, pattern string) string {
	if s.all.Secret != "" {
		return s.all.Secret
	}
	name := strings.ReplaceAll(pattern, placeholder, s.name)
	cluster = cmp.Or(s.all.Cluster, cluster)
	if name == pattern || b.secrets.known(name, cluster, b.repo.Namespace) || !b.secrets.present() && pattern != placeholder {
		return name
	}
	if elsewhere := b.secrets.clusters(name, b.repo.Namespace); len(elsewhere) > 0 {
		b.notes = append(b.notes, source.Problem{Pos: s.at("cluster"), Severity: source.Warning,
			Message: fmt.Sprintf("the job of %s runs on cluster %s, but %s creates its secret %s for %s only", s.name, cluster, b.layout.Secrets, name, strings.Join(elsewhere, ", ")),
			Hint:    "add the cluster there before the job runs"})
		return name
	}
	to := targets(s.set)
	hint := "set secret to the one with the push credentials of " + s.name
	if known := b.secrets.suggest(to, cluster, b.repo.Namespace); len(known) > 0 {
		hint = "most likely secret: " + known[0]
		if len(known) > 1 {
			hint += "; there are also " + strings.Join(known[1:], ", ")
		}
	}
	where := "cluster " + cluster + ", namespace " + b.repo.Namespace
	if len(to) > 0 {
		where = strings.Join(to, ", ") + ", " + where
	}
	b.problem(s.at("secret"), hint, "no secret is set for %s, and %s has no %s (%s)", s.name, b.layout.Secrets, name, where)
	return name
}

// setSchedule sets when, where and how long a job runs.
func setSchedule(job object, s subject) {
	set := func(key, value string) {
		for _, k := range [...]string{"cron", "interval", "minimum_interval"} {
			delete(job, k)
		}
		job[key] = value
	}
	switch {
	case s.all.Cron != "":
		set("cron", s.all.Cron)
	case s.all.Interval != "":
		set("interval", string(s.all.Interval))
	}
	if s.all.Cluster != "" {
		job["cluster"] = s.all.Cluster
	}
	if s.all.Timeout != "" {
		child(job, "decoration_config")["timeout"] = string(s.all.Timeout)
	}
	if s.all.GracePeriod != "" {
		child(job, "decoration_config")["grace_period"] = string(s.all.GracePeriod)
	}
}

// setSlack sets the reports to Slack.
func setSlack(job object, s subject) {
	if s.all.Slack == nil {
		return
	}
	slack := child(child(job, "reporter_config"), "slack")
	if s.all.Slack.Channel != "" {
		slack["channel"] = s.all.Slack.Channel
	}
	if states := s.all.Slack.States; states != nil {
		slack["job_states_to_report"] = nil // an empty list means Prow's own states
		if len(*states) > 0 {
			slack["job_states_to_report"] = anys(*states)
		}
	}
	if s.all.Slack.Template != "" {
		slack["report_template"] = s.all.Slack.Template
	}
}

// pod sets the fields that all runners share.
func (b *builder) pod(job, c object, s subject) {
	spec := child(job, "spec")
	switch {
	case s.all.ServiceAccountToken != nil:
		spec["automountServiceAccountToken"] = *s.all.ServiceAccountToken
	case s.all.RegistryLogin == release.LoginUsed || s.all.RegistryLogin == release.LoginUnused,
		s.all.RegistryLogin == "" && s.all.Runner == release.RunnerEntrypoint && b.form().LogsIn:
		spec["automountServiceAccountToken"] = true
	}
	setAll(c, b.repo.Defaults.Env, s)
	setAll(c, s.own.Env, s)
	if len(s.all.EnvOrder) > 0 {
		sortByName(list(c, "env"), s.all.EnvOrder)
	}
	if s.all.Resources != nil {
		r, err := plain(s.all.Resources)
		if err != nil {
			b.problem(s.at("resources"), "", "resources: %v", err)
			return
		}
		c["resources"] = r
	}
}

// setAll sets variables in order of name, and replaces the placeholder in them.
func setAll(c object, env release.Values, s subject) {
	values := release.Values{}
	for name, value := range env {
		if value != nil && strings.Contains(*value, placeholder) {
			text := strings.ReplaceAll(*value, placeholder, s.prefix())
			value = &text
		}
		values[name] = value
	}
	setEnv(c, values)
}

// setEnv sets variables in place, or appends them in order of name; nil removes
// one.
func setEnv(c object, values release.Values) {
	env, at := list(c, "env"), map[string]int{}
	for i, e := range slices.Backward(env) {
		at[str(e, "name")] = i // the first of equal names
	}
	removed := map[int]bool{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		i, there := at[name]
		switch {
		case value == nil && there:
			removed[i] = true
		case value == nil:
		case there:
			env[i] = object{"name": name, "value": *value}
		default:
			env = append(env, object{"name": name, "value": *value})
		}
	}
	if len(removed) > 0 {
		kept := make([]any, 0, len(env))
		for i, e := range env {
			if !removed[i] {
				kept = append(kept, e)
			}
		}
		env = kept
	}
	switch {
	case len(env) > 0:
		c["env"] = env
	case len(removed) > 0:
		delete(c, "env")
	}
}

// patch applies the merge patches: first the one of all jobs, then that of this
// job.
func (b *builder) patch(job object, s subject) object {
	for _, p := range []*release.JobSettings{&b.repo.Defaults, s.own} {
		if p.Patch == nil {
			continue
		}
		patch, err := plain(p.Patch)
		if err != nil {
			b.problem(p.At("patch"), "", "patch: %v", err)
			continue
		}
		job = mergePatch(job, containerPatched(job, patch)).(object)
	}
	return job
}

// containerPatched returns a patch of a job in which a mapping at spec.containers,
// which changes the first container, is replaced with the list of containers.
func containerPatched(job, patch any) any {
	change, ok := at(patch, "spec", "containers").(object)
	containers := list(job, "spec", "containers")
	if !ok || len(containers) == 0 {
		return patch
	}
	out := clone(patch).(object)
	child(out, "spec")["containers"] = append([]any{mergePatch(containers[0], change)}, containers[1:]...)
	return out
}

// jobPatch returns the smallest patch from one job to another. If only the first
// container differs, the patch has only what differs in it.
func jobPatch(from, to object) object {
	patch := diffPatch(from, to)
	a, b := list(from, "spec", "containers"), list(to, "spec", "containers")
	if len(a) == 0 || len(a) != len(b) || list(patch, "spec", "containers") == nil {
		return patch
	}
	x, xok := a[0].(object)
	y, yok := b[0].(object)
	if !xok || !yok {
		return patch
	}
	small := cloneObject(patch)
	child(small, "spec")["containers"] = diffPatch(x, y)
	if !reflect.DeepEqual(mergePatch(from, containerPatched(from, small)), any(to)) {
		return patch
	}
	return small
}

func anys(s []string) []any {
	out := make([]any, len(s))
	for i := range s {
		out[i] = s[i]
	}
	return out
}
