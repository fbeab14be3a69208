package release

import (
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// JobSettings is a set's _job.yaml: the settings of its periodic that differ
// from the defaults of _mirror.yaml and from the job template.
type JobSettings struct {
	// Prefix follows "mapping_" in the names of the set's mapping files; the job
	// mirrors mapping_PREFIX*. Default: the set's name, with "_" instead of "-"
	// unless the files have another name.
	Prefix string `yaml:"prefix,omitempty"`
	// Area is the value of the label ci.openshift.io/area. Default: the set's
	// name.
	Area string `yaml:"area,omitempty"`
	// Name is the name of the periodic. Default: periodic-image-mirroring- and
	// the set's name.
	Name string `yaml:"name,omitempty"`
	// RunBy is the set or periodic whose job also mirrors this set, which then
	// needs no job of its own.
	RunBy string `yaml:"run_by,omitempty"`
	// Disabled generates no periodic for the set: it is not mirrored.
	Disabled *bool `yaml:"disabled,omitempty"`

	// Secret is the secret with the credentials that the job pushes with.
	// Default: registry-push-credentials-quay.io- and the set's name, if
	// ci-secret-bootstrap has such a secret.
	Secret string `yaml:"secret,omitempty"`
	// SecretKey is the key in the secret that holds the docker or podman auth
	// file.
	SecretKey string `yaml:"secret_key,omitempty"`
	// PullSecret is a second secret with credentials, for pulling. pull_credentials
	// in _mirror.yaml configures where the job finds both. "none" is a job without
	// one where the defaults have one.
	PullSecret string `yaml:"pull_secret,omitempty"`
	// RegistryLogin makes the job log in to the registry of its own cluster with
	// its service account before it mirrors. "unused" is a login whose result is
	// not used, as in some hand-written jobs: use true or false instead.
	RegistryLogin Login `yaml:"registry_login,omitempty"`
	// ServiceAccountToken mounts the token of the pod's service account.
	// Default: the value of registry_login.
	ServiceAccountToken *bool `yaml:"service_account_token,omitempty"`

	// Cron is the schedule of the job in Prow's format: five fields, or @hourly,
	// @daily, "@every 20m".
	Cron string `yaml:"cron,omitempty"`
	// Interval is the time between two starts of the job, such as 4h. It replaces
	// cron.
	Interval Duration `yaml:"interval,omitempty"`
	// Cluster is the build cluster that the job runs on.
	Cluster string `yaml:"cluster,omitempty"`
	// Timeout is the time after which Prow stops the job, such as 6h.
	Timeout Duration `yaml:"timeout,omitempty"`
	// GracePeriod is the time between Prow's signal to stop and Prow killing the
	// job. The runner mirror writes its reports at the end of it.
	GracePeriod Duration `yaml:"grace_period,omitempty"`
	// Slack configures reports of the job's results to Slack.
	Slack *Slack `yaml:"slack,omitempty"`

	// Runner is the program that mirrors: oc, a shell loop around "oc image
	// mirror"; entrypoint, a program in the job's image that selects its mapping
	// files by an environment variable; or mirror, this project's own command.
	Runner Runner `yaml:"runner,omitempty"`
	// Shards is the number of periodics that share the set. It requires the
	// runner mirror.
	Shards int `yaml:"shards,omitempty"`
	// Attempts is the number of attempts of oc per mapping file. Only with the
	// runner oc: mirror retries single requests.
	Attempts int `yaml:"attempts,omitempty"`
	// ContinueOnError continues with the other images of a mapping file after a
	// failure. The runner mirror always does.
	ContinueOnError *bool `yaml:"continue_on_error,omitempty"`
	// MaxPerRegistry is the number of concurrent requests to one registry.
	MaxPerRegistry int `yaml:"max_per_registry,omitempty"`
	// KeepManifestList copies multi-architecture images completely. The runner
	// mirror always does, and refuses false.
	KeepManifestList *bool `yaml:"keep_manifest_list,omitempty"`
	// DigestTags is the length of a second tag that each destination gets: the
	// first digits of the image's digest, such as 12. With the runner oc, a mapping
	// file can have only one line. Not with the runner entrypoint.
	DigestTags int `yaml:"digest_tags,omitempty"`
	// Overwrite selects the tags that the job may move to another image: always
	// all, changed-by-us those that still have the image it mirrored last, never
	// none. Only with the runner mirror.
	Overwrite Overwrite `yaml:"overwrite,omitempty"`
	// Immutable are patterns of tags that the job never moves, as
	// REPOSITORY:TAG, such as "*:v[0-9]*". Only with the runner mirror.
	Immutable []string `yaml:"immutable,omitempty"`
	// Protected is whether a protected tag fails the job (fail) or only causes a
	// warning (warn). Only with the runner mirror.
	Protected Protected `yaml:"protected,omitempty"`
	// Backup is a template for the tag that keeps the previous image when the job
	// moves a tag, such as "{{.Tag}}-previous". Only with the runner mirror.
	Backup string `yaml:"backup,omitempty"`
	// SkipEmpty skips empty mapping files. Only with the runner oc.
	SkipEmpty *bool `yaml:"skip_empty,omitempty"`
	// Verbosity is the level of oc's debug output, 0 to 10. Only with the
	// runner oc.
	Verbosity *int `yaml:"verbosity,omitempty"`
	// Trace makes the shell print each command (set -euxo pipefail). Only with
	// the runner oc.
	Trace *bool `yaml:"trace,omitempty"`

	// Image is the image of the job's container. Default: mirror_image with the
	// runner mirror, the image of entrypoint in _mirror.yaml with the runner
	// entrypoint, else that of the template.
	Image string `yaml:"image,omitempty"`
	// Command is the program of the runner entrypoint, with its arguments.
	// Default: that of entrypoint in _mirror.yaml.
	Command []string `yaml:"command,omitempty"`
	// Args are arguments of the program of the runner entrypoint; FIXME stands for
	// the prefix of the set's mapping files. Arguments or variables with FIXME
	// replace the usual way to select the mappings. Default: those of entrypoint in
	// _mirror.yaml; [] means none.
	Args Args `yaml:"args,omitempty,flow"`
	// Labels are labels of the job in addition to the template's. The labels of
	// a set are merged over those of _mirror.yaml; null removes one.
	Labels Values `yaml:"labels,omitempty"`
	// Env are environment variables of the container in addition to the
	// template's. Those of a set are merged over those of _mirror.yaml; null
	// removes one.
	Env Values `yaml:"env,omitempty"`
	// EnvOrder are names of environment variables in the order in which the job has
	// them. Others follow.
	EnvOrder []string `yaml:"env_order,omitempty,flow"`
	// Resources are the container's requests and limits in Kubernetes format.
	// They replace the template's.
	Resources map[string]any `yaml:"resources,omitempty"`
	// Script replaces the whole shell script of the job, as a last resort. Only
	// with the runner oc.
	Script string `yaml:"script,omitempty"`
	// Patch is a JSON merge patch (RFC 7386) on the finished job, for fields
	// without a setting. null removes a key; a list replaces the whole list. A
	// mapping at spec.containers changes the container that mirrors.
	Patch map[string]any `yaml:"patch,omitempty"`

	positions `yaml:"-"`
}

// Over returns the settings with missing ones taken from base. Labels, Env and
// Patch are merged over those of base. A script in the job's own settings sets
// the runner to oc.
func (s JobSettings) Over(base JobSettings) JobSettings {
	out := s
	v, b := reflect.ValueOf(&out).Elem(), reflect.ValueOf(base)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() && v.Field(i).IsZero() {
			v.Field(i).Set(b.Field(i))
		}
	}
	out.Labels, out.Env, out.Patch = s.Labels, s.Env, s.Patch
	if s.Script != "" && s.Runner == "" {
		out.Runner = RunnerOC
	}
	if s.Cron != "" {
		out.Interval = ""
	} else if s.Interval != "" {
		out.Cron = ""
	}
	return out
}

// identity are the settings that distinguish one job from another.
var identity = [...]string{"prefix", "area", "name", "run_by", "disabled", "secret", "shards", "script"}

// Slack configures where and when Prow reports the results of a job.
type Slack struct {
	// Channel is the channel, with its "#".
	Channel string `yaml:"channel,omitempty"`
	// States are the results to report, such as failure, error or success. An
	// empty list means Prow's default states.
	States *[]string `yaml:"states,omitempty"`
	// Template is the text of the report, a Go template of the ProwJob.
	Template string `yaml:"template,omitempty"`
}

// NoPullSecret is the pull secret of a job without one.
const NoPullSecret = "none"

// Login reports whether a job logs in to its cluster's registry.
type Login string

// The kinds of login.
const (
	LoginNone   Login = "false"
	LoginUsed   Login = "true"
	LoginUnused Login = "unused"
)

// MarshalYAML writes true and false without quotes.
func (l Login) MarshalYAML() (any, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: string(l)}, nil
}

// Runner is the program that a job mirrors with.
type Runner string

// The runners.
const (
	RunnerOC         Runner = "oc"
	RunnerEntrypoint Runner = "entrypoint"
	RunnerMirror     Runner = "mirror"
)

// Values are texts by name. A nil text removes the value of the template or the
// defaults.
type Values map[string]*string

// Args are arguments. An empty list differs from nil.
type Args []string

// IsZero reports whether the arguments are nil, and not just empty.
func (a Args) IsZero() bool { return a == nil }

// Overwrite selects the tags that a job may move.
type Overwrite string

// The answers.
const (
	OverwriteAlways Overwrite = "always"
	OverwriteOurs   Overwrite = "changed-by-us"
	OverwriteNever  Overwrite = "never"
)

// Protected selects whether a protected tag fails a job.
type Protected string

// The answers.
const (
	ProtectedFail Protected = "fail"
	ProtectedWarn Protected = "warn"
)

// Duration is a duration as written in the file: 90m, 4h0m0s.
type Duration string

// ParseJobSettings reads the text of a _job.yaml. file is the name in
// positions. Mistakes are reported in order and do not affect other settings.
func ParseJobSettings(file string, data []byte) (*JobSettings, []source.Problem) {
	s := &JobSettings{}
	d := decoder{yamlReader{file: file}}
	d.document(data, s)
	s.check(&d)
	return s, d.sorted()
}

// check reports settings that are invalid or contradict each other.
func (s *JobSettings) check(d *decoder) {
	s.checkNames(d)
	if s.Cron != "" && s.Interval != "" {
		d.problem(s.At("interval"), "cron and interval exclude each other", "remove one of them")
	}
	for _, v := range [...]struct {
		key      string
		value    int
		min, max int
	}{
		{"shards", s.Shards, 1, 100},
		{"attempts", s.Attempts, 1, 100},
		{"max_per_registry", s.MaxPerRegistry, 1, 1000},
		{"digest_tags", s.DigestTags, 7, 64},
	} {
		if _, ok := s.has(v.key); ok && (v.value < v.min || v.value > v.max) {
			d.problem(s.At(v.key), v.key+" must be between "+strconv.Itoa(v.min)+" and "+strconv.Itoa(v.max), "")
		}
	}
	if s.Verbosity != nil && (*s.Verbosity < 0 || *s.Verbosity > 10) {
		d.problem(s.At("verbosity"), "verbosity must be between 0 and 10", "")
	}
	for key, value := range map[string]Duration{"interval": s.Interval, "timeout": s.Timeout, "grace_period": s.GracePeriod} {
		if value == "" {
			continue
		}
		if t, err := time.ParseDuration(string(value)); err != nil || t <= 0 {
			d.problem(s.At(key), key+" is not a duration: "+strconv.Quote(string(value)), "write it like 90m or 4h")
		}
	}
	for _, pattern := range s.Immutable {
		if _, err := mapping.ParseGlob(pattern); err != nil {
			d.problem(s.At("immutable"), err.Error(), "")
		}
	}
	if s.Backup != "" {
		if _, err := mapping.ParseBackup(s.Backup); err != nil {
			d.problem(s.At("backup"), "backup: "+err.Error(), `write it like "{{.Tag}}-previous"`)
		}
	}
	if s.Script != "" {
		for _, key := range [...]string{"attempts", "continue_on_error", "max_per_registry", "keep_manifest_list", "skip_empty", "verbosity", "trace", "digest_tags"} {
			if pos, ok := s.has(key); ok {
				d.problem(pos, key+" has no effect beside script", "remove one of them")
			}
		}
	}
}
