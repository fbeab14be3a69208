package release

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// Placeholder is the placeholder for the name of the set in the job template.
const Placeholder = "FIXME"

// affixes returns the text before and after the set's name in the job name of
// the template.
func affixes(t *Tree) (before, after string) {
	if template := t.Template(); template != nil {
		if before, after, ok := strings.Cut(template.Name, Placeholder); ok {
			return before, after
		}
	}
	return "periodic-image-mirroring-", ""
}

// JobName returns the default name of the periodic of a set.
func (t *Tree) JobName(set string) string {
	before, after := affixes(t)
	return before + set + after
}

// SetName returns the set's name in the name of a job. It returns the whole
// name if that does not follow the convention.
func (t *Tree) SetName(job string) string {
	before, after := affixes(t)
	if rest, ok := strings.CutPrefix(job, before); ok {
		if name, ok := strings.CutSuffix(rest, after); ok {
			return name
		}
	}
	return job
}

// Paused reports whether the settings of the set disable its job.
func (s *Set) Paused() bool { return s.Job != nil && s.Job.Disabled != nil && *s.Job.Disabled }

// Approvers returns the names in the OWNERS of the set. It returns nil without
// that file and for no set.
func (s *Set) Approvers() []string {
	if s == nil || s.Owners == nil {
		return nil
	}
	var names []string
	for _, a := range s.Owners.Approvers {
		names = append(names, a.Name)
	}
	return names
}

// Prefix is the part of the names of the set's mapping files after "mapping_".
func (s *Set) Prefix() string {
	if s.Job != nil && s.Job.Prefix != "" {
		return s.Job.Prefix
	}
	return DefaultPrefix(s.Name, s.Files)
}

// DefaultPrefix returns the prefix of a set without one in _job.yaml: the set's
// name, with "_" instead of "-" unless the names of its files have "-".
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

// Organisation returns the registry and organisation of a reference, such as
// quay.io/openshift. Credentials are usually for an organisation.
func Organisation(r mapping.Reference) string {
	if r.Scheme != "" {
		return r.Scheme + "://"
	}
	org, _, _ := strings.Cut(r.Path(), "/")
	return r.Host() + "/" + org
}
