package jobgen

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// subject is what a periodic (or one per shard) is generated for: a set, or a job
// of _mirror.yaml without a set.
type subject struct {
	name string // replaces FIXME: the name of the set
	set  *release.Set
	own  *release.JobSettings // as written, with positions
	all  release.JobSettings  // merged over the defaults
}

// subjects returns the sets sorted by name, then the jobs without a set in the
// order of _mirror.yaml. It leaves out sets with a disabled job.
func subjects(tree *release.Tree) []subject {
	var out []subject
	for _, set := range tree.Sets {
		s := setSubject(tree, set)
		if s.all.Disabled != nil && *s.all.Disabled || s.all.RunBy != "" || set.Job == nil && len(set.Files) == 0 {
			continue
		}
		out = append(out, s)
	}
	for i := range tree.Settings.Jobs {
		own := &tree.Settings.Jobs[i]
		out = append(out, subject{name: tree.SetName(own.Name), own: own, all: own.Over(tree.Settings.Defaults)})
	}
	return out
}

func setSubject(tree *release.Tree, set *release.Set) subject {
	own := set.Job
	if own == nil {
		own = &release.JobSettings{}
	}
	return subject{name: set.Name, set: set, own: own, all: own.Over(tree.Settings.Defaults)}
}

// at returns the position of a setting, or of the folder if it has no settings.
func (s subject) at(key string) source.Position {
	pos := s.own.At(key)
	if pos.File == "" && s.set != nil {
		pos.File = s.set.Dir
		if s.set.Job != nil {
			pos.File += "/" + release.JobSettingsName
		}
	}
	return pos
}

func (s subject) prefix() string {
	var files []*release.MappingFile
	if s.set != nil {
		files = s.set.Files
	}
	return cmp.Or(s.all.Prefix, release.DefaultPrefix(s.name, files))
}

func (s subject) area() string { return cmp.Or(s.all.Area, s.name) }

// jobName returns the name of the periodic.
func (s subject) jobName(t *Template) string {
	return cmp.Or(s.all.Name, strings.ReplaceAll(str(t.value, "name"), placeholder, s.name))
}

func (s subject) shards() int { return max(s.all.Shards, 1) }

// shardName returns the name of one shard; i counts from 1.
func shardName(name string, i, n int) string {
	if n == 1 {
		return name
	}
	return name + "-" + strconv.Itoa(i) + "-of-" + strconv.Itoa(n)
}

// targets returns the registries and organisations that a set pushes to, such as
// quay.io/openshift, in order.
func targets(set *release.Set) []string { return repositories(set, release.Organisation) }

func repositories(set *release.Set, name func(mapping.Reference) string) []string {
	if set == nil {
		return nil
	}
	seen := map[string]bool{}
	var out []string
	for _, f := range set.Files {
		for p := range f.Pairs() {
			if p.Destination.Scheme != "" {
				continue
			}
			if n := name(p.Destination); !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out
}
