package release

import "slices"

// MappingsFrom is a variable or argument that names the mappings of a job whose
// commands do not.
type MappingsFrom struct {
	// Env is the environment variable that names the mappings. Either env or
	// arg is set.
	Env string `yaml:"env,omitempty"`
	// Arg is the argument that names them, as in --mappings=VALUE or
	// --mappings VALUE.
	Arg string `yaml:"arg,omitempty"`
	// Value is the meaning of its value: the prefix of the files' names, or a
	// glob.
	Value ValueKind `yaml:"value,omitempty"`
	// Requires are environment variables, with their values, without which such
	// a job mirrors nothing.
	Requires map[string]string `yaml:"requires,omitempty"`
	// LogsIn reports whether the entry point of such jobs logs in to the
	// cluster's registry, for which it needs the token of a service account.
	LogsIn bool `yaml:"logs_in,omitempty"`

	// Mount is the folder in which the entry point looks for mapping files; ""
	// if unknown.
	Mount string `yaml:"-"`

	positions `yaml:"-"`
}

// ValueKind is the meaning of the value of a variable or argument.
type ValueKind string

// The kinds.
const (
	ValuePrefix ValueKind = "prefix" // mapping_team runs mapping_team*
	ValueGlob   ValueKind = "glob"
)

// entryPoint is the form of the jobs of openshift/release since 2024-04: the
// entry point of the image loops over /etc/imagemirror/${MAPPING_FILE_PREFIX}*.
// The settings of the runner entrypoint determine which dry_run it requires.
func (s *Settings) entryPoint() MappingsFrom {
	m := MappingsFrom{Env: entryPointVariable, Value: ValuePrefix, LogsIn: true, Mount: s.MountPath}
	if value := s.Entrypoint.Env["dry_run"]; value != nil {
		m.Requires = map[string]string{"dry_run": *value}
	}
	return m
}

// NamedBy returns the variables and arguments that name the mappings of jobs:
// those of the settings, then that of openshift/release unless the settings
// change it.
func (s *Settings) NamedBy() []MappingsFrom {
	known := slices.Clone(s.MappingsFrom)
	builtIn := s.entryPoint()
	if !slices.ContainsFunc(known, func(m MappingsFrom) bool { return m.Env == builtIn.Env }) {
		known = append(known, builtIn)
	}
	return known
}

func (m *MappingsFrom) check(d *decoder) {
	if (m.Env == "") == (m.Arg == "") && !m.tried["env"] && !m.tried["arg"] {
		d.problem(m.At(""), "mappings_from needs either env or arg", "name the variable or the argument that names the mappings")
	}
	if m.Value == "" && !m.tried["value"] {
		d.problem(m.At(""), "mappings_from needs value", "write value: prefix or value: glob")
	}
}
