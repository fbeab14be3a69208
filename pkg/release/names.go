package release

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// Placeholder is the placeholder for the name of the set in the job template.
const Placeholder = "FIXME"

// affixes returns what stands before and after the set's name in the names of
// jobs, as the template has it.
func affixes(t *Tree) (before, after string) {
	if template := t.Template(); template != nil {
		if before, after, ok := strings.Cut(template.Name, Placeholder); ok {
			return before, after
		}
	}
	return "periodic-image-mirroring-", ""
}

// JobName returns the name of the periodic of a set whose settings give no other.
func (t *Tree) JobName(set string) string {
	before, after := affixes(t)
	return before + set + after
}

// SetName returns the part of a job's name that names its set: all of it where the
// name does not follow the convention.
func (t *Tree) SetName(job string) string {
	before, after := affixes(t)
	if rest, ok := strings.CutPrefix(job, before); ok {
		if name, ok := strings.CutSuffix(rest, after); ok {
			return name
		}
	}
	return job
}

// Paused reports whether the settings of the set keep it without a job.
func (s *Set) Paused() bool { return s.Job != nil && s.Job.Disabled != nil && *s.Job.Disabled }

// Prefix is the part of the names of the set's mapping files after "mapping_".
func (s *Set) Prefix() string {
	if s.Job != nil && s.Job.Prefix != "" {
		return s.Job.Prefix
	}
	return DefaultPrefix(s.Name, s.Files)
}

// DefaultPrefix returns the prefix of a set whose _job.yaml does not say: the set's
// name, with "_" for "-" unless its files are named with "-".
func DefaultPrefix(name string, files []*MappingFile) string {
	under := Fold(name)
	named := func(prefix string) bool {
		return slices.ContainsFunc(files, func(f *MappingFile) bool { return strings.HasPrefix(f.Base, "mapping_"+prefix) })
	}
	if under != name && !named(under) && named(name) {
		return name
	}
	return under
}

// Organisation returns the registry and the organisation of a reference, such
// as quay.io/openshift, which is what a credential is for.
func Organisation(r mapping.Reference) string {
	org, _, _ := strings.Cut(r.Path(), "/")
	return r.Host() + "/" + org
}
