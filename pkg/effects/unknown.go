package effects

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// hidden returns the mapping files and folders of sets that exist but cannot be
// read.
func hidden(t *release.Tree) []string {
	read := map[string]bool{}
	for _, m := range t.Mappings() {
		read[m.Path] = true
	}
	var out []string
	for _, p := range t.Problems {
		if (p.Part == release.PartMapping || p.Part == release.PartOther) && !read[p.Pos.File] {
			out = append(out, p.Pos.File)
		}
	}
	return out
}

// unreadable reports whether a file cannot be read in one of the trees, so that
// it cannot be compared.
func (c *comparison) unreadable(file string) bool {
	return slices.ContainsFunc(c.hidden, func(h string) bool { return file == h || strings.HasPrefix(file, h+"/") })
}

// unknown reports what could not be compared and may affect the result.
func (c *comparison) unknown() {
	g := gaps{c.trees, c.effect}
	add := func(at source.Position, what, why string) {
		u := Unknown{Place{at.File, at.Line}, what, why}
		if !slices.Contains(c.effect.Unknown, u) {
			c.effect.Unknown = append(c.effect.Unknown, u)
		}
	}
	for _, x := range []struct {
		side
		when string
	}{{c.before, " before"}, {c.after, " after"}} {
		t := x.Tree
		for _, p := range t.Problems {
			if slices.Contains(hidden(t), p.Pos.File) {
				add(p.Pos, "what is mirrored"+x.when, p.Message)
			}
		}
		switch {
		case t.Jobs == nil && (c.before.Tree.Jobs != nil || c.after.Tree.Jobs != nil):
			add(source.Position{File: g.jobsFile()}, "which jobs mirror"+x.when, "the file does not exist")
		case t.Jobs != nil && numbered(t) == nil:
			add(source.Position{File: t.Jobs.Path}, "which jobs mirror"+x.when, "the file is not valid YAML")
		}
		for _, j := range routes.Unread(t) {
			if g.touches(t, j) {
				add(j.Pos, "what the job "+j.Name+" mirrors"+x.when, "the job selects its mappings in an unknown way")
			}
		}
	}
}

// gaps finds what is missing of a comparison.
type gaps struct {
	trees
	effect *Effect
}

// jobsFile returns the path of the jobs file in the tree that has one.
func (g gaps) jobsFile() string {
	for _, x := range []side{g.after, g.before} {
		if x.Tree.Jobs != nil {
			return x.Tree.Jobs.Path
		}
	}
	return ""
}

// touches reports whether the effect includes a job or mappings that it may
// mirror.
func (g gaps) touches(t *release.Tree, j *release.Job) bool {
	if slices.ContainsFunc(g.effect.Jobs, func(o Job) bool { return o.Name == j.Name }) {
		return true
	}
	set := setName(t, j)
	return slices.ContainsFunc(g.effect.Destinations, func(d Destination) bool { return set == "" || d.Set == set })
}
