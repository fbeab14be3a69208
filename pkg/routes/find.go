package routes

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// How is the way in which a search found its routes.
type How string

// The ways, the best first.
const (
	ByImage  How = "image"  // the text names a source or a destination
	ByStream How = "stream" // the text names an image stream, or a tag of it
	ByPart   How = "part"   // the text is a part of a name
)

// Found is the result of a search.
type Found struct {
	How    How
	Routes []*Route
	// Origin is what publishes an image that is in no route. Its Kind is "" if
	// the tree does not show that.
	Origin Origin
	// Near are similar names, if nothing was found.
	Near []string
}

// Find searches for an image: a source or a destination with or without its tag,
// an image stream as namespace/name[:tag], or a part of a name.
func (x *Index) Find(text string) Found {
	text = strings.TrimSpace(text)
	if text == "" {
		return Found{}
	}
	ref, ok := reference(text)
	if ok {
		if found := x.at(ref); len(found) > 0 {
			return Found{How: ByImage, Routes: found}
		}
		if found := x.stream(ref, text); len(found) > 0 {
			return Found{How: ByStream, Routes: found}
		}
	}
	if found := x.part(text); len(found) > 0 {
		return Found{How: ByPart, Routes: found}
	}
	if ok {
		for _, r := range []mapping.Reference{ref, ciReference(text)} {
			if o := x.Origin(r); o.Kind == Promoted || o.Kind == Published {
				return Found{How: ByImage, Origin: o}
			}
		}
	}
	return Found{Near: x.near(text)}
}

// reference reads a text as an image, as a mapping file would.
func reference(text string) (mapping.Reference, bool) {
	if strings.ContainsAny(text, " \t\r\n=#") {
		return mapping.Reference{}, false
	}
	const anywhere = " destination.invalid/a"
	for e := range mapping.Parse("", []byte(text+anywhere)).Entries() {
		return e.Source, true
	}
	return mapping.Reference{}, false
}

// at returns the routes to an image, then those from it. Without a tag it returns
// those of the whole repository.
func (x *Index) at(r mapping.Reference) []*Route {
	var out []*Route
	have := map[*Route]bool{}
	for _, found := range [][]*Route{x.Writers(r), x.Readers(r)} {
		for _, o := range found {
			if !have[o] {
				have[o] = true
				out = append(out, o)
			}
		}
	}
	return out
}

// ciReference reads namespace/name[:tag] as an image of the CI registry.
func ciReference(text string) mapping.Reference {
	r, _ := reference("registry.ci.openshift.org/" + text)
	return r
}

// stream returns the routes from an image stream under any of its names. The text
// is one of them, or namespace/name[:tag].
func (x *Index) stream(r mapping.Reference, text string) []*Route {
	if r.Digest != "" {
		return nil
	}
	wanted, ok := x.Tree.CITag(r)
	if !ok {
		wanted, ok = x.Tree.CITag(ciReference(text))
	}
	if !ok {
		return nil
	}
	all := x.Streams()[wanted.Stream]
	if wanted.Tag == "" {
		return all
	}
	return slices.DeleteFunc(all, func(r *Route) bool { return !x.Covers(r, wanted) })
}

// Streams returns the routes from image streams, under any of their names.
func (x *Index) Streams() map[release.Stream][]*Route {
	all := map[release.Stream][]*Route{}
	for _, r := range x.All {
		if tag, ok := x.Tree.CITag(r.Source); ok {
			all[tag.Stream] = append(all[tag.Stream], r)
		}
	}
	return all
}

// Covers reports whether the source of a route is an image stream tag, under any
// of its names, or a pattern that matches it.
func (x *Index) Covers(r *Route, wanted release.ImageTag) bool {
	tag, ok := x.Tree.CITag(r.Source)
	if !ok || tag.Stream != wanted.Stream {
		return false
	}
	return tag.Tag == wanted.Tag || r.Source.Wildcard() && mapping.MatchTag(cmp.Or(tag.Tag, "*"), wanted.Tag)
}

// part returns the routes with a name that contains a text.
func (x *Index) part(text string) []*Route {
	text = strings.ToLower(text)
	var out []*Route
	for _, r := range x.All {
		if strings.Contains(strings.ToLower(r.Source.Exact()), text) || strings.Contains(strings.ToLower(r.Destination.Exact()), text) {
			out = append(out, r)
		}
	}
	return out
}

// maxNear is the number of names to suggest.
const maxNear = 3

// near returns the repositories with names similar to a text: they share pairs of
// letters, or contain all of its words.
func (x *Index) near(text string) []string {
	text = strings.ToLower(text)
	wanted, words := pairs(text), strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/-_.:", r) })
	type scored struct {
		name  string
		score float64
	}
	var all []scored
	seen := map[string]bool{}
	for _, r := range x.All {
		for _, ref := range []mapping.Reference{r.Source, r.Destination} {
			name := ref.CanonicalRepository()
			if seen[name] {
				continue
			}
			seen[name] = true
			score := max(alike(wanted, pairs(name)), alike(wanted, pairs(lastPart(name))))
			if len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(name, w) }) {
				score = max(score, 0.7)
			}
			if score >= 0.6 {
				all = append(all, scored{name, score})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.name, b.name)) })
	var out []string
	for _, s := range all[:min(len(all), maxNear)] {
		out = append(out, s.name)
	}
	return out
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// pairs counts the pairs of adjacent bytes in a text.
func pairs(s string) map[string]int {
	out := map[string]int{}
	for i := 0; i+1 < len(s); i++ {
		out[s[i:i+2]]++
	}
	return out
}

// alike returns the share of pairs that two texts have in common, from 0 to 1.
func alike(a, b map[string]int) float64 {
	common, all := 0, 0
	for k, n := range a {
		common += min(n, b[k])
		all += n
	}
	for _, n := range b {
		all += n
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(common) / float64(all)
}
