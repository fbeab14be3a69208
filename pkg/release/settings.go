package release

import (
	"path"
	"slices"
	"strconv"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Values of the settings that the whole repository shares when _mirror.yaml
// does not say otherwise.
const (
	DefaultConfigMap = "image-mirror-mappings"
	DefaultMountPath = "/etc/imagemirror"
	DefaultNamespace = "ci"
	// DefaultConfigMapLimit is the limit of Kubernetes, in bytes.
	DefaultConfigMapLimit = 1 << 20
	// DefaultMirrorImage is where openshift's CI would build the mirror command.
	DefaultMirrorImage = "registry.ci.openshift.org/ci/mirror:latest"
)

// Settings is the repository's _mirror.yaml over the defaults.
type Settings struct {
	// JobsFile is the file with the mirroring periodics, relative to the root
	// of the repository.
	JobsFile string `yaml:"jobs_file,omitempty"`
	// Adopted makes mirror-jobgen generate the jobs of all sets. Without it, a set
	// without _job.yaml gets no job, and an existing one counts as hand-written and
	// does not change. mirror-jobgen import sets it.
	Adopted bool `yaml:"adopted,omitempty"`
	// ConfigMap is the name of the ConfigMap that holds all mapping files.
	ConfigMap string `yaml:"config_map,omitempty"`
	// ConfigMapLimit is the maximum size of the mappings in one ConfigMap, in
	// bytes. Default: 1 MiB, the limit of Kubernetes.
	ConfigMapLimit int `yaml:"config_map_limit,omitempty"`
	// MountPath is where the jobs mount that ConfigMap.
	MountPath string `yaml:"mount_path,omitempty"`
	// Namespace is the namespace of the jobs' pods and secrets.
	Namespace string `yaml:"namespace,omitempty"`
	// Template is a job template that replaces the built-in one, relative to
	// the root of the repository.
	Template string `yaml:"template,omitempty"`
	// MirrorImage is the image of jobs with the runner mirror. It has to contain
	// the mirror command.
	MirrorImage string `yaml:"mirror_image,omitempty"`
	// Entrypoint configures the jobs with the runner entrypoint.
	Entrypoint Entrypoint `yaml:"entrypoint,omitempty"`
	// PullCredentials configures where jobs with pull_secret mount their secrets.
	PullCredentials PullCredentials `yaml:"pull_credentials,omitempty"`
	// ClusterRegistries maps the name of a cluster in Prow to its registry, for
	// registry_login.
	ClusterRegistries map[string]string `yaml:"cluster_registries,omitempty"`
	// Partitions is the number of ConfigMaps for the mappings if one is too
	// small, with config-updater's partitioned_names. 0 and 1 mean a single
	// ConfigMap; the maximum is 256.
	Partitions int `yaml:"partitions,omitempty"`
	// RetiredRegistries are hosts that mappings may no longer use, for the rule
	// reference-registry.
	RetiredRegistries []string `yaml:"retired_registries,omitempty"`
	// SelfServiceSecrets are name patterns of secrets that teams create without
	// ci-secret-bootstrap. Default: registry-push-credentials-quay-io-*, which
	// are usually created that way.
	SelfServiceSecrets []string `yaml:"self_service_secrets,omitempty"`
	// MappingsFrom describes how jobs select their mappings, in addition to the
	// built-in ways: paths in commands and the variable MAPPING_FILE_PREFIX.
	MappingsFrom []MappingsFrom `yaml:"mappings_from,omitempty"`
	// Severity maps a rule to the severity of its findings: error, warning, info
	// or off.
	Severity Severities `yaml:"severity,omitempty"`
	// Allow maps a set, or "*" for all sets, to the powers beyond mirroring that
	// its jobs may have: a list of script, patch, template, image,
	// service_account_token, cluster, namespace, env, secret, host and privileged,
	// for the rule job-power. A job reads a secret of another set only with secret.
	Allow Allow `yaml:"allow,omitempty"`
	// Overrides change severities for some files. The last match wins.
	Overrides []Override `yaml:"overrides,omitempty"`
	// Defaults are the settings of all jobs. The _job.yaml of a set overrides
	// them.
	Defaults JobSettings `yaml:"defaults,omitempty"`
	// Jobs are periodics without a set, or second periodics of a set. Each needs
	// a name.
	Jobs []JobSettings `yaml:"jobs,omitempty"`

	positions `yaml:"-"`
}

// Entrypoint is a program of an image that finds its mapping files by an
// environment variable.
type Entrypoint struct {
	// Image is the image that has the entry point. Default: image of the
	// defaults.
	Image string `yaml:"image,omitempty"`
	// Command is the program, with its arguments. Default: /tp-entrypoint.sh.
	Command []string `yaml:"command,omitempty"`
	// Env are environment variables of the program, in addition to the one that
	// selects the mappings. Default: dry_run: "false", without which
	// /tp-entrypoint.sh copies nothing. FIXME stands for the prefix of the set's
	// mapping files.
	Env Values `yaml:"env,omitempty"`
	// Args are arguments of the program, in addition to the one that selects the
	// mappings. FIXME stands for the prefix of the set's mapping files.
	Args []string `yaml:"args,omitempty,flow"`
}

// PullCredentials is where the jobs with a pull secret mount their secrets. The
// runner mirror has places of its own.
type PullCredentials struct {
	// Volume is the name of the volume with the pull secret. Default: pull.
	Volume string `yaml:"volume,omitempty"`
	// Key is the key in the pull secret that holds the auth file. Default:
	// .dockerconfigjson.
	Key string `yaml:"key,omitempty"`
	// PullPath is where the auth file for pulling is mounted. Default:
	// /home/mirror/.docker/pull-config.json.
	PullPath string `yaml:"pull_path,omitempty"`
	// PushPath is where the auth file for pushing is mounted. Default:
	// /home/mirror/.docker/push-config.json.
	PushPath string `yaml:"push_path,omitempty"`
	// Volumes are the names of the volumes in the order in which jobs have them.
	// Default: push, pull, config.
	Volumes []string `yaml:"volumes,omitempty,flow"`
	// Mounts are the names of the mounted volumes in the order in which containers
	// have them. Default: pull, push, config.
	Mounts []string `yaml:"mounts,omitempty,flow"`
}

// DefaultPullCredentials returns the places of openshift/release.
func DefaultPullCredentials() PullCredentials {
	const home = "/home/mirror/.docker/"
	return PullCredentials{
		Volume: "pull", Key: ".dockerconfigjson", PullPath: home + "pull-config.json", PushPath: home + "push-config.json",
		Volumes: []string{"push", "pull", "config"}, Mounts: []string{"pull", "push", "config"},
	}
}

// Severities are the severities of some rules.
type Severities []RuleSeverity

// RuleSeverity is the severity of one rule.
type RuleSeverity struct {
	Rule  string
	Level Level
	Pos   source.Position // of the rule's name
}

// Override changes severities for the files that one of its patterns matches.
type Override struct {
	// Paths are patterns of files relative to the root of the repository; "**"
	// matches any number of folders.
	Paths []string `yaml:"paths,omitempty"`
	// Severity maps a rule to its severity for these files.
	Severity Severities `yaml:"severity,omitempty"`

	positions `yaml:"-"`
}

// Level is a severity, or off.
type Level string

// The levels.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelInfo    Level = "info"
	LevelOff     Level = "off"
)

// SeverityOf returns the severity of findings of a rule in a file; def is the
// rule's default. It returns false if the rule is off. file is relative to the
// root of the repository.
func (s *Settings) SeverityOf(rule, file string, def source.Severity) (source.Severity, bool) {
	level := s.Severity.level(rule)
	for _, o := range s.Overrides {
		if l := o.Severity.level(rule); l != "" && o.matches(file) {
			level = l
		}
	}
	switch level {
	case "":
		return def, true
	case LevelOff:
		return def, false
	}
	severity, err := source.ParseSeverity(string(level))
	return severity, err == nil
}

func (s Severities) level(rule string) Level {
	for _, r := range s {
		if r.Rule == rule {
			return r.Level
		}
	}
	return ""
}

func (o Override) matches(file string) bool {
	for _, p := range o.Paths {
		if ok, err := doublestar.Match(p, file); ok && err == nil {
			return true
		}
	}
	return false
}

// ConfigMaps returns the names of the ConfigMaps that hold the mappings: one, or
// as many as there are partitions.
func (s *Settings) ConfigMaps() []string {
	if s.Partitions <= 1 {
		return []string{s.ConfigMap}
	}
	names := make([]string, s.Partitions)
	for i := range names {
		names[i] = s.ConfigMap + "-" + strconv.Itoa(i)
	}
	return names
}

// SelfService reports whether teams create a secret of that name themselves.
func (s *Settings) SelfService(secret string) bool {
	return slices.ContainsFunc(s.SelfServiceSecrets, func(pattern string) bool {
		ok, err := path.Match(pattern, secret)
		return ok && err == nil
	})
}

// HoldsMappings reports whether a ConfigMap of that name holds mappings.
func (s *Settings) HoldsMappings(name string) bool { return slices.Contains(s.ConfigMaps(), name) }

// DefaultSettings returns the settings of a repository with the given layout
// and without _mirror.yaml.
func DefaultSettings(layout Layout) *Settings {
	copies := "false"
	return &Settings{
		JobsFile:        layout.Jobs,
		ConfigMap:       DefaultConfigMap,
		ConfigMapLimit:  DefaultConfigMapLimit,
		MountPath:       DefaultMountPath,
		Namespace:       DefaultNamespace,
		MirrorImage:     DefaultMirrorImage,
		Entrypoint:      Entrypoint{Command: []string{"/tp-entrypoint.sh"}, Env: Values{"dry_run": &copies}},
		PullCredentials: DefaultPullCredentials(),
		ClusterRegistries: map[string]string{
			"api.ci": "registry.svc.ci.openshift.org",
			"app.ci": "registry.ci.openshift.org",
		},
		SelfServiceSecrets: []string{"registry-push-credentials-quay-io-*"},
		RetiredRegistries: []string{
			"registry.svc.ci.openshift.org",
			"registry.svc.ci.openshift.org:5000",
			"docker-registry.default.svc:5000",
		},
	}
}

// ParseSettings reads the text of the _mirror.yaml of a repository over the
// defaults. Mistakes are reported in order and do not affect other settings.
func ParseSettings(layout Layout, data []byte) (*Settings, []source.Problem) {
	file := layout.Settings()
	s := DefaultSettings(layout)
	d := decoder{yamlReader{file: file}}
	d.document(data, s)
	s.checkNames(layout, &d)
	if s.Partitions < 0 || s.Partitions > 256 {
		d.problem(s.At("partitions"), "partitions must be between 0 and 256", "")
		s.Partitions = 0
	}
	if s.ConfigMapLimit < 1 {
		d.problem(s.At("config_map_limit"), "config_map_limit must be a number of bytes", "")
		s.ConfigMapLimit = DefaultConfigMapLimit
	}
	for _, o := range s.Overrides {
		if len(o.Paths) == 0 {
			d.problem(o.At(""), "an override without paths", "add paths: [\""+layout.Set("NAME")+"/**\"]")
		}
		for _, p := range o.Paths {
			if !doublestar.ValidatePattern(p) {
				d.problem(o.At("paths"), "not a valid pattern: "+p, "")
			}
		}
	}
	for _, pattern := range s.SelfServiceSecrets {
		if _, err := path.Match(pattern, ""); err != nil {
			d.problem(s.At("self_service_secrets"), "not a valid pattern: "+pattern, "")
		}
	}
	for i := range s.MappingsFrom {
		s.MappingsFrom[i].check(&d)
	}
	s.Defaults.check(&d)
	for _, key := range identity {
		if pos, ok := s.Defaults.has(key); ok {
			d.problem(pos, key+" cannot be the same for all jobs", "set it in the "+JobSettingsName+" of each set")
		}
	}
	for i := range s.Jobs {
		if s.Jobs[i].Name == "" {
			d.problem(s.Jobs[i].At(""), "a job without a set needs a name", "add name: periodic-image-mirroring-…")
		}
		s.Jobs[i].check(&d)
	}
	return s, d.sorted()
}
