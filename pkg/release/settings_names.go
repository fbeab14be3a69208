package release

import (
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Limits of settings that become part of a shell script, a file name or the
// name of an object in the cluster. A pull request may contain any text.
var (
	prefixChars = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	mountChars  = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$`)
	objectName  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	keyChars    = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)
)

// maxObjectName is the longest name of an object in Kubernetes.
const maxObjectName = 253

// ValidPrefix reports whether a text can be the prefix of a set, which becomes
// part of a pattern in a shell script and of ConfigMap keys.
func ValidPrefix(prefix string) bool {
	return len(prefix) <= maxObjectName && prefixChars.MatchString(prefix)
}

// ValidMountPath reports whether a text can be the mount path of the mappings,
// which becomes part of a shell script.
func ValidMountPath(p string) bool { return len(p) <= 1024 && mountChars.MatchString(p) }

// checkNames resets invalid names and paths in the settings of the repository
// to their defaults, and reports them.
func (s *Settings) checkNames(layout Layout, d *decoder) {
	defaults := DefaultSettings(layout)
	if why := badJobsFile(layout, s.JobsFile); why != "" {
		d.problem(s.At("jobs_file"), "jobs_file "+quoted64(s.JobsFile)+" "+why, "write a path below the root of the repository, such as "+layout.Jobs)
		s.JobsFile = defaults.JobsFile
	}
	if why := badPath(s.Template); s.Template != "" && why != "" {
		d.problem(s.At("template"), "template "+quoted64(s.Template)+" "+why, "write a path below the root of the repository")
		s.Template = ""
	}
	if !ValidMountPath(s.MountPath) {
		d.problem(s.At("mount_path"), "mount_path "+quoted64(s.MountPath)+" is not an absolute path of letters, digits, '-', '.' and '_'", "write it like "+DefaultMountPath)
		s.MountPath = defaults.MountPath
	}
	for _, v := range [...]struct {
		key   string
		value *string
		reset string
	}{
		{"config_map", &s.ConfigMap, defaults.ConfigMap},
		{"namespace", &s.Namespace, defaults.Namespace},
	} {
		if !validObject(*v.value) {
			d.problem(s.At(v.key), v.key+" "+quoted64(*v.value)+" is not a name that Kubernetes takes", "use lower-case letters, digits, '-' and '.'")
			*v.value = v.reset
		}
	}
}

// checkNames removes invalid names from the settings of a job, and reports
// them.
func (s *JobSettings) checkNames(d *decoder) {
	drop := func(key string, value *string, valid func(string) bool, what, hint string) {
		if *value != "" && !valid(*value) {
			d.problem(s.At(key), key+" "+quoted64(*value)+" is not "+what, hint)
			*value = ""
		}
	}
	const kubernetes = "a name that Kubernetes takes"
	drop("prefix", &s.Prefix, ValidPrefix, "what the names of mapping files can have", "use letters, digits, '-', '.' and '_'")
	drop("secret", &s.Secret, validObject, kubernetes, "use lower-case letters, digits, '-' and '.'")
	drop("pull_secret", &s.PullSecret, validObject, kubernetes, "use lower-case letters, digits, '-' and '.'")
	drop("secret_key", &s.SecretKey, keyChars.MatchString, "a key of a secret", "use letters, digits, '-', '.' and '_'")
	drop("cluster", &s.Cluster, keyChars.MatchString, "the name of a cluster", "use letters, digits, '-', '.' and '_'")
}

func validObject(name string) bool { return len(name) <= maxObjectName && objectName.MatchString(name) }

// badPath returns the reason why a path in the settings is invalid, or "".
// Links in it are checked when it is opened.
func badPath(p string) string {
	switch {
	case path.IsAbs(p):
		return "is an absolute path"
	case !fs.ValidPath(p) && (p == ".." || strings.HasPrefix(path.Clean(p), "../")):
		return "leads out of the repository"
	case !fs.ValidPath(p) || p == "." || strings.ContainsAny(p, "\\\x00:"):
		return "is not a clean path"
	}
	for _, part := range strings.Split(p, "/") {
		if strings.HasPrefix(part, ".") { // .git, .github, files of shells
			return "is in a hidden file or folder"
		}
	}
	return ""
}

// badJobsFile returns the reason why a path cannot be the jobs file, or "".
// mirror-jobgen writes to that file.
func badJobsFile(layout Layout, p string) string {
	switch why := badPath(p); {
	case why != "":
		return why
	case !isYAML(p):
		return "is not a YAML file"
	case p == layout.Settings() || p == LayoutFile || path.Base(p) == JobSettingsName:
		return "is a file of settings"
	}
	return ""
}

func isYAML(p string) bool { return strings.HasSuffix(p, ".yaml") || strings.HasSuffix(p, ".yml") }

// quoted64 quotes a value for a message and shortens it.
func quoted64(s string) string {
	const most = 64
	if r := []rune(s); len(r) > most {
		return strconv.Quote(string(r[:most])) + "…"
	}
	return strconv.Quote(s)
}
