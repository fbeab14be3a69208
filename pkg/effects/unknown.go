package effects

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// broken compares which mapping files are refused as a whole.
func (c *comparison) broken() {
	old, now := refusals(c.before.Tree), refusals(c.after.Tree)
	c.refused(c.after.Tree, now, old, false)
	c.refused(c.before.Tree, old, now, true)
	c.brokenService()
}

func (c *comparison) refused(t *release.Tree, has, hasNot map[string]source.Problem, mended bool) {
	for _, m := range t.Mappings() {
		p, ok := has[m.Path]
		if _, other := hasNot[m.Path]; !ok || other {
			continue
		}
		if mended && !slices.ContainsFunc(c.after.Tree.Mappings(), func(o *release.MappingFile) bool { return o.Path == m.Path }) {
			continue // the file was removed
		}
		if !mended {
			c.hidden = append(c.hidden, m.Path)
		}
		n := 0
		for range m.Pairs() {
			n++
		}
		c.effect.Broken = append(c.effect.Broken, Broken{Place{m.Path, p.Pos.Line}, m.Set.Name, p.Message, n, mended})
	}
}

// brokenService compares whether ci-images-mirror refuses its configuration.
func (c *comparison) brokenService() {
	reason := func(t *release.Tree) (source.Problem, bool) {
		all := t.CIImages().Problems
		i := slices.IndexFunc(all, func(p source.Problem) bool { return p.Severity == source.Error })
		if i < 0 {
			return source.Problem{}, false
		}
		return all[i], true
	}
	old, was := reason(c.before.Tree)
	now, is := reason(c.after.Tree)
	switch {
	case is && !was:
		c.hidden = append(c.hidden, now.Pos.File)
		c.effect.Broken = append(c.effect.Broken, Broken{Place{now.Pos.File, now.Pos.Line}, routes.CIImages, now.Message, len(c.after.Tree.CIImages().All()), false})
	case was && !is:
		c.effect.Broken = append(c.effect.Broken, Broken{Place{old.Pos.File, old.Pos.Line}, routes.CIImages, old.Message, len(c.after.Tree.CIImages().All()), true})
	case c.before.Tree.CIImages().Unread || c.after.Tree.CIImages().Unread:
		c.hidden = append(c.hidden, now.Pos.File)
	}
}

// refusals returns the mapping files that are refused as a whole, with the first
// reason.
func refusals(t *release.Tree) map[string]source.Problem {
	out := map[string]source.Problem{}
	for _, m := range t.Mappings() {
		i := slices.IndexFunc(m.Lines, func(l mapping.Line) bool { return l.Kind == mapping.Invalid })
		if i < 0 {
			continue
		}
		out[m.Path] = source.Problem{Pos: source.Position{File: m.Path}, Message: "the file cannot be read"}
		for _, p := range m.Problems {
			if p.Severity == source.Error && (p.Pos.Line == m.Lines[i].Number || p.Pos.Line == 0) {
				out[m.Path] = p
				break
			}
		}
	}
	return out
}

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
			add(source.Position{File: c.jobsFile()}, "which jobs mirror"+x.when, "the file does not exist")
		case t.Jobs != nil && numbered(t) == nil:
			add(source.Position{File: t.Jobs.Path}, "which jobs mirror"+x.when, "the file is not valid YAML")
		}
		for _, j := range routes.Unread(t) {
			if c.touches(t, j) {
				add(j.Pos, "what the job "+j.Name+" mirrors"+x.when, "the job selects its mappings in an unknown way")
			}
		}
	}
}

// jobsFile returns the path of the jobs file in the tree that has one.
func (c *comparison) jobsFile() string {
	for _, x := range []side{c.after, c.before} {
		if x.Tree.Jobs != nil {
			return x.Tree.Jobs.Path
		}
	}
	return ""
}

// touches reports whether the effect includes a job or mappings that it may
// mirror.
func (c *comparison) touches(t *release.Tree, j *release.Job) bool {
	if slices.ContainsFunc(c.effect.Jobs, func(o Job) bool { return o.Name == j.Name }) {
		return true
	}
	set := setName(t, j)
	return slices.ContainsFunc(c.effect.Destinations, func(d Destination) bool { return set == "" || d.Set == set })
}
