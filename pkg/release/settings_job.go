package release

import (
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// JobSettings is a set's _job.yaml: what its periodic has that neither the
// job template nor the defaults of _mirror.yaml give. What is not set is taken
// from there.
type JobSettings struct {
	// Prefix is what the names of the set's mapping files have after
	// "mapping_"; the job mirrors mapping_PREFIX*. Default: the set's name,
	// with "_" for "-" unless the files are named otherwise.
	Prefix string `yaml:"prefix,omitempty"`
	// Area is the value of the label ci.openshift.io/area. Default: the set's
	// name.
	Area string `yaml:"area,omitempty"`
	// Name is the name of the periodic. Default: periodic-image-mirroring- and
	// the set's name.
	Name string `yaml:"name,omitempty"`
	// RunBy names the set, or the periodic, whose job runs the mappings of this
	// set, too: it needs no job of its own.
	RunBy string `yaml:"run_by,omitempty"`
	// Disabled keeps the set without a periodic: its mappings are not run.
	Disabled *bool `yaml:"disabled,omitempty"`

	// Secret is the secret with the credentials that the job pushes with.
	// Default: registry-push-credentials-quay.io- and the set's name, if
	// ci-secret-bootstrap knows such a secret.
	Secret string `yaml:"secret,omitempty"`
	// SecretKey is the key in the secret that holds the docker or podman auth
	// file.
	SecretKey string `yaml:"secret_key,omitempty"`
	// RegistryLogin makes the job log in to the registry of its own cluster,
	// with its service account, before it mirrors: true or false. "unused" is
	// a login whose result is not passed on, as some hand-written jobs have
	// it: use true or false instead.
	RegistryLogin Login `yaml:"registry_login,omitempty"`
	// ServiceAccountToken mounts the token of the pod's service account.
	// Default: as registry_login.
	ServiceAccountToken *bool `yaml:"service_account_token,omitempty"`

	// Cron is when the job runs, as Prow reads it: five fields, or @hourly,
	// @daily, "@every 20m".
	Cron string `yaml:"cron,omitempty"`
	// Interval is the time from one start of the job to the next, such as 4h;
	// instead of cron.
	Interval Duration `yaml:"interval,omitempty"`
	// Cluster is the build cluster that the job runs on.
	Cluster string `yaml:"cluster,omitempty"`
	// Timeout is the time after which Prow stops the job, such as 6h.
	Timeout Duration `yaml:"timeout,omitempty"`
	// GracePeriod is the time that the job has to end after Prow's signal,
	// before Prow kills it. The runner mirror writes its reports in the last
	// part of it.
	GracePeriod Duration `yaml:"grace_period,omitempty"`
	// Slack says who hears of the job's results.
	Slack *Slack `yaml:"slack,omitempty"`

	// Runner is what mirrors: oc, a shell loop around "oc image mirror";
	// entrypoint, a program of the job's image that finds its mapping files by
	// an environment variable; or mirror, this project's own command.
	Runner Runner `yaml:"runner,omitempty"`
	// Shards splits the set into so many periodics that each mirror a part of
	// it. Needs the runner mirror.
	Shards int `yaml:"shards,omitempty"`
	// Attempts is how often oc tries a mapping file before it counts as failed.
	// Only with the runner oc: mirror has retries of its own for each request.
	Attempts int `yaml:"attempts,omitempty"`
	// ContinueOnError goes on with the other images of a mapping file after
	// one that failed. The runner mirror always does.
	ContinueOnError *bool `yaml:"continue_on_error,omitempty"`
	// MaxPerRegistry is the number of requests to one registry at a time.
	MaxPerRegistry int `yaml:"max_per_registry,omitempty"`
	// KeepManifestList copies images of several architectures whole. The runner
	// mirror always does, and refuses false.
	KeepManifestList *bool `yaml:"keep_manifest_list,omitempty"`
	// Overwrite says which tags the job moves to another image: all, those that
	// hold what was mirrored to them last, or none. Only with the runner mirror.
	Overwrite Overwrite `yaml:"overwrite,omitempty"`
	// Immutable are patterns of tags that the job never moves, as
	// REPOSITORY:TAG, such as "*:v[0-9]*". Only with the runner mirror.
	Immutable []string `yaml:"immutable,omitempty"`
	// Protected is whether a protected tag fails the job: fail, or a
	// warning only. Only with the runner mirror.
	Protected Protected `yaml:"protected,omitempty"`
	// Backup is a template of the tag under which the job keeps what a tag holds
	// before it moves it, such as "{{.Tag}}-previous". Only with the runner
	// mirror.
	Backup string `yaml:"backup,omitempty"`
	// SkipEmpty passes over empty mapping files. Only with the runner oc.
	SkipEmpty *bool `yaml:"skip_empty,omitempty"`
	// Verbosity is the level of oc's debug output, 0 to 10. Only with the
	// runner oc.
	Verbosity *int `yaml:"verbosity,omitempty"`
	// Trace makes the shell print each command (set -euxo pipefail). Only with
	// the runner oc.
	Trace *bool `yaml:"trace,omitempty"`

	// Image is the image that the job's container runs. Default: the template's,
	// with the runner mirror mirror_image, and with the runner entrypoint that of
	// entrypoint in _mirror.yaml.
	Image string `yaml:"image,omitempty"`
	// Command is the program that the runner entrypoint starts, with its
	// arguments. Default: that of entrypoint in _mirror.yaml.
	Command []string `yaml:"command,omitempty"`
	// Labels are labels of the job beyond the template's. A job has those of
	// _mirror.yaml and its own on top; null leaves one out.
	Labels Values `yaml:"labels,omitempty"`
	// Env are environment variables of the container beyond the template's. A
	// job has those of _mirror.yaml and its own on top; null leaves one out.
	Env Values `yaml:"env,omitempty"`
	// Resources are the container's requests and limits, as Kubernetes writes
	// them; they replace the template's.
	Resources map[string]any `yaml:"resources,omitempty"`
	// Script replaces the shell script of the job altogether: a last resort.
	// Only with the runner oc.
	Script string `yaml:"script,omitempty"`
	// Patch is a JSON merge patch (RFC 7386) on the finished job, for
	// everything that has no setting of its own. null removes a key; a list
	// replaces the whole list.
	Patch map[string]any `yaml:"patch,omitempty"`

	positions `yaml:"-"`
}

// Over gives the settings with those that are not set taken from base, except
// for Labels, Env and Patch: a job gets base's first and its own on top. A
// script of the job's own makes oc its runner, whatever base says.
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

// Slack is where and when Prow reports the results of a job.
type Slack struct {
	// Channel is the channel, with its "#".
	Channel string `yaml:"channel,omitempty"`
	// States are the results that are reported, such as failure, error or
	// success. An empty list means Prow's default states.
	States *[]string `yaml:"states,omitempty"`
	// Template is the text of the report, a Go template of the ProwJob.
	Template string `yaml:"template,omitempty"`
}

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

// Runner is what a job mirrors with.
type Runner string

// The runners.
const (
	RunnerOC         Runner = "oc"
	RunnerEntrypoint Runner = "entrypoint"
	RunnerMirror     Runner = "mirror"
)

// Values are texts by name. A nil text takes away what the template or the
// defaults give under the name.
type Values map[string]*string

// Overwrite says which tags a job moves.
type Overwrite string

// The answers.
const (
	OverwriteAlways Overwrite = "always"
	OverwriteOurs   Overwrite = "changed-by-us"
	OverwriteNever  Overwrite = "never"
)

// Protected is whether a protected tag fails a job.
type Protected string

// The answers.
const (
	ProtectedFail Protected = "fail"
	ProtectedWarn Protected = "warn"
)

// Duration is a length of time as it is written: 90m, 4h0m0s.
type Duration string

// ParseJobSettings reads the text of a _job.yaml. file is the name that
// positions bear. What is wrong is reported, in order, and everything else
// holds all the same.
func ParseJobSettings(file string, data []byte) (*JobSettings, []source.Problem) {
	return parseJobSettings(file, data)
}

// parseJobSettings reads a _job.yaml. What is wrong is reported, and the rest
// of the file holds all the same.
func parseJobSettings(file string, data []byte) (*JobSettings, []source.Problem) {
	s := &JobSettings{}
	d := decoder{file: file}
	d.document(data, s)
	s.check(&d)
	return s, d.sorted()
}

// check reports settings that contradict each other, or cannot be.
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
			d.problem(s.At(key), key+" is no length of time: "+strconv.Quote(string(value)), "write it like 90m or 4h")
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
		for _, key := range [...]string{"attempts", "continue_on_error", "max_per_registry", "keep_manifest_list", "skip_empty", "verbosity", "trace"} {
			if pos, ok := s.has(key); ok {
				d.problem(pos, key+" has no effect beside script", "remove one of them")
			}
		}
	}
}
