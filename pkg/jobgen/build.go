package jobgen

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// builder makes the jobs of a tree.
type builder struct {
	template *Template
	repo     *release.Settings
	secrets  secrets
	problems Problems
}

func (b *builder) problem(pos source.Position, hint, format string, args ...any) {
	b.problems = append(b.problems, source.Problem{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// job makes the periodic of a subject, or its i-th shard, counted from 1; nil
// when a script with the subject's prefix in it would not be what it looks like.
func (b *builder) job(s subject, i int) object {
	if prefix := s.prefix(); !release.ValidPrefix(prefix) {
		b.problem(s.at("prefix"), "name the folder with letters, digits, '-', '.' and '_', or set prefix", "%q cannot be part of a script: it is no prefix of mapping files", prefix)
		return nil
	}
	job := cloneObject(b.template.value)
	job["name"] = shardName(s.jobName(b.template), i, s.shards())
	c := b.template.container(job)
	b.labels(job, s)
	b.volumes(job, c, s)
	b.schedule(job, s)
	b.slack(job, s)
	b.pod(job, c, s)
	if s.all.Runner == release.RunnerMirror {
		b.mirror(job, c, s, i)
	} else {
		b.shell(job, c, s)
	}
	return b.patch(job, s)
}

func (b *builder) labels(job object, s subject) {
	const area = "ci.openshift.io/area"
	labels := child(job, "labels")
	for k, v := range labels {
		if text, ok := v.(string); ok {
			labels[k] = strings.ReplaceAll(text, placeholder, s.area())
		}
	}
	if s.all.Area != "" {
		labels[area] = s.all.Area
	}
}

// volumes puts the secret, its key, the ConfigMap and its mount in place.
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
			b.configMap(job, name, config)
			for _, m := range mounts(c, name) {
				m["mountPath"] = b.repo.MountPath
			}
		}
	}
}

// configMap names the ConfigMap of a volume; mappings that are spread over
// several come together in one projected volume.
func (b *builder) configMap(job object, volume string, config object) {
	names := b.repo.ConfigMaps()
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

// secret decides on the secret with the push credentials: the one that is set,
// or the template's with the set's name in it, if such a secret exists.
func (b *builder) secret(s subject, cluster, pattern string) string {
	if s.all.Secret != "" {
		return s.all.Secret
	}
	name := strings.ReplaceAll(pattern, placeholder, s.name)
	if s.all.Cluster != "" {
		cluster = s.all.Cluster
	}
	if name == pattern || b.secrets.known(name, cluster, b.repo.Namespace) || !b.secrets.present() && pattern != placeholder {
		return name
	}
	to := targets(s.set)
	hint := "ask for one as " + release.MirroringDir + "/README.md describes, and set it as secret"
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
	b.problem(s.at("secret"), hint, "no secret is set for %s, and %s knows no %s (%s)", s.name, release.SecretsFile, name, where)
	return name
}

func (b *builder) schedule(job object, s subject) {
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
}

func (b *builder) slack(job object, s subject) {
	if s.all.Slack == nil {
		return
	}
	slack := child(child(job, "reporter_config"), "slack")
	if s.all.Slack.Channel != "" {
		slack["channel"] = s.all.Slack.Channel
	}
	if states := s.all.Slack.States; states != nil {
		slack["job_states_to_report"] = nil // an empty list: Prow's own states
		if len(*states) > 0 {
			slack["job_states_to_report"] = anys(*states)
		}
	}
	if s.all.Slack.Template != "" {
		slack["report_template"] = s.all.Slack.Template
	}
}

// pod sets what both runners have in common.
func (b *builder) pod(job, c object, s subject) {
	spec := child(job, "spec")
	switch {
	case s.all.ServiceAccountToken != nil:
		spec["automountServiceAccountToken"] = *s.all.ServiceAccountToken
	case s.all.RegistryLogin == release.LoginUsed || s.all.RegistryLogin == release.LoginUnused:
		spec["automountServiceAccountToken"] = true
	}
	if s.all.Image != "" {
		c["image"] = s.all.Image
	}
	for _, env := range []map[string]string{b.repo.Defaults.Env, s.own.Env} {
		for _, name := range slices.Sorted(maps.Keys(env)) {
			setEnv(c, name, env[name])
		}
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

func setEnv(c object, name, value string) {
	env := list(c, "env")
	for _, e := range env {
		if o, ok := e.(object); ok && str(o, "name") == name {
			o["value"] = value
			return
		}
	}
	c["env"] = append(env, object{"name": name, "value": value})
}

// patch applies the merge patches: that of all jobs, then that of this one.
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
		job = mergePatch(job, patch).(object)
	}
	return job
}

// shell fills in the script of the runner oc.
func (b *builder) shell(job, c object, s subject) {
	args := list(c, "args")
	if s.all.Shards > 1 {
		b.problem(s.at("shards"), "set runner: mirror", "shards need the runner mirror")
	}
	for _, key := range [...]string{"overwrite", "immutable", "protected", "backup"} {
		if slices.Contains(s.own.Keys(), key) {
			b.problem(s.at(key), "set runner: mirror", "%s needs the runner mirror: oc overwrites every tag", key)
		}
	}
	if len(args) == 0 {
		b.problem(s.at(""), "give its container args, the last of which is the script", "the template %s has no script to run", b.template.file)
		return
	}
	last := &args[len(args)-1]
	switch {
	case s.all.Script != "":
		*last = s.all.Script
	case b.template.loops:
		l := b.template.loop
		l.Mount = b.repo.MountPath
		l.Glob = strings.ReplaceAll(l.Glob, placeholder, s.prefix())
		applyLoop(&l, s.all)
		*last = l.String()
	default:
		for _, key := range loopSettings {
			if slices.Contains(s.own.Keys(), key) || slices.Contains(b.repo.Defaults.Keys(), key) {
				b.problem(s.at(key), "use script instead", "%s does not fit the script of the template %s", key, b.template.file)
			}
		}
		*last = strings.ReplaceAll(script(c), placeholder, s.prefix())
	}
}

// loopSettings are the settings that change the shell loop.
var loopSettings = [...]string{"attempts", "continue_on_error", "keep_manifest_list", "max_per_registry", "registry_login", "skip_empty", "trace", "verbosity"}

// applyLoop changes the loop as the settings say.
func applyLoop(l *release.Loop, s release.JobSettings) {
	flag := func(p *bool, v *bool) {
		if v != nil {
			*p = *v
		}
	}
	flag(&l.Trace, s.Trace)
	flag(&l.SkipEmpty, s.SkipEmpty)
	flag(&l.KeepManifestList, s.KeepManifestList)
	flag(&l.ContinueOnError, s.ContinueOnError)
	if s.RegistryLogin != "" {
		l.Login = s.RegistryLogin
	}
	if s.Attempts > 0 {
		l.Attempts = s.Attempts
	}
	if s.MaxPerRegistry > 0 {
		l.MaxPerRegistry = s.MaxPerRegistry
	}
	if s.Verbosity != nil {
		l.Verbosity = *s.Verbosity
	}
}

// tokenFile is where Kubernetes mounts the token of a pod's service account.
const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// mirror makes the container run this project's mirror command, without a
// shell: Prow's signals reach it.
func (b *builder) mirror(job, c object, s subject, shard int) {
	for _, key := range [...]string{"script", "skip_empty", "trace", "verbosity"} {
		if slices.Contains(s.own.Keys(), key) {
			b.problem(s.at(key), "remove it, or set runner: oc", "%s has no effect with the runner mirror", key)
		}
	}
	args := []any{"run", "-f=" + b.repo.MountPath + "/mapping_" + s.prefix() + "*"}
	if s.all.KeepManifestList != nil && !*s.all.KeepManifestList {
		args = append(args, "--keep-manifest-list=false")
	}
	if s.all.Attempts > 0 {
		args = append(args, "--attempts="+strconv.Itoa(s.all.Attempts))
	}
	if s.all.MaxPerRegistry > 0 {
		args = append(args, "--max-per-registry="+strconv.Itoa(s.all.MaxPerRegistry))
	}
	args = append(args, protection(s.all)...)
	if s.all.RegistryLogin == release.LoginUsed {
		cluster := str(job, "cluster")
		host, ok := b.repo.ClusterRegistries[cluster]
		if !ok {
			b.problem(s.at("registry_login"), "add it to cluster_registries in "+release.SettingsFile, "the registry of cluster %s is not known", cluster)
		}
		args = append(args, "--registry-token="+host+"="+tokenFile)
	}
	if n := s.shards(); n > 1 {
		args = append(args, "--shard="+strconv.Itoa(shard)+"/"+strconv.Itoa(n))
	}
	c["command"] = []any{"mirror"}
	c["args"] = args
	if s.own.Image == "" {
		c["image"] = b.repo.MirrorImage
	}
}

// protection gives the flags that say what may be overwritten: the job sees the
// mapping files and none of the settings beside them.
func protection(s release.JobSettings) (args []any) {
	if s.Overwrite != "" {
		args = append(args, "--overwrite="+string(s.Overwrite))
	}
	for _, pattern := range s.Immutable {
		args = append(args, "--immutable="+pattern)
	}
	if s.Protected != "" {
		args = append(args, "--protected="+string(s.Protected))
	}
	if s.Backup != "" {
		args = append(args, "--backup="+s.Backup)
	}
	return args
}

func anys(s []string) []any {
	out := make([]any, len(s))
	for i := range s {
		out[i] = s[i]
	}
	return out
}
