package effects

import (
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// broken compares which mapping files are refused as a whole.
func (c *comparison) broken() {
	r := &refused{trees: c.trees, hidden: c.hidden, found: []Broken{}}
	old, now := refusals(c.before.Tree), refusals(c.after.Tree)
	r.files(c.after.Tree, now, old, false)
	r.files(c.before.Tree, old, now, true)
	r.service()
	c.hidden, c.effect.Broken = r.hidden, r.found
}

// refused collects the files that are refused in only one of the trees.
type refused struct {
	trees
	hidden []string // files whose contents are not compared
	found  []Broken
}

func (r *refused) files(t *release.Tree, has, hasNot map[string]source.Problem, mended bool) {
	for _, m := range t.Mappings() {
		p, ok := has[m.Path]
		if _, other := hasNot[m.Path]; !ok || other {
			continue
		}
		if mended && !slices.ContainsFunc(r.after.Tree.Mappings(), func(o *release.MappingFile) bool { return o.Path == m.Path }) {
			continue // the file was removed
		}
		if !mended {
			r.hidden = append(r.hidden, m.Path)
		}
		n := 0
		for range m.Pairs() {
			n++
		}
		r.found = append(r.found, Broken{Place{m.Path, p.Pos.Line}, m.Set.Name, p.Message, n, mended})
	}
}

// service compares whether ci-images-mirror refuses its configuration.
func (r *refused) service() {
	reason := func(t *release.Tree) (source.Problem, bool) {
		all := t.CIImages().Problems
		i := slices.IndexFunc(all, func(p source.Problem) bool { return p.Severity == source.Error })
		if i < 0 {
			return source.Problem{}, false
		}
		return all[i], true
	}
	old, was := reason(r.before.Tree)
	now, is := reason(r.after.Tree)
	switch {
	case is && !was:
		r.hidden = append(r.hidden, now.Pos.File)
		r.found = append(r.found, Broken{Place{now.Pos.File, now.Pos.Line}, routes.CIImages, now.Message, len(r.after.Tree.CIImages().All()), false})
	case was && !is:
		r.found = append(r.found, Broken{Place{old.Pos.File, old.Pos.Line}, routes.CIImages, old.Message, len(r.after.Tree.CIImages().All()), true})
	case r.before.Tree.CIImages().Unread || r.after.Tree.CIImages().Unread:
		r.hidden = append(r.hidden, now.Pos.File)
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
