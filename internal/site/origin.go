package site

import (
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// origin is what publishes an image, as a page shows it.
type origin struct {
	Text string
	Pos  source.Position // where that is declared; the zero value if nowhere
	Sets []*set          // that mirror it
	Kind string          // for filtering; "" if the tree does not show it
}

// unpublished is the kind of an image that nothing publishes.
const unpublished = "not published"

// origin returns what publishes the source of an entry.
func (s *site) origin(e *entry) origin {
	o := s.routes.Origin(e.Source)
	shown := origin{Text: o.Text, Pos: o.Pos, Kind: string(o.Kind)}
	switch o.Kind {
	case routes.Unknown:
		return origin{}
	case routes.Nothing:
		shown.Kind = unpublished
	case routes.Mirrored:
		if shown.Sets = s.setsOf(o.From); len(shown.Sets) > 0 {
			shown.Text, shown.Pos = "mirrored by", source.Position{} // the sets are links
		}
	}
	return shown
}

// setsOf returns the sets of routes, each once. Those of ci-images-mirror belong to
// none.
func (s *site) setsOf(all []*routes.Route) []*set {
	var sets []*set
	for _, r := range all {
		if one := s.byName[r.Set.Name]; one != nil && !slices.Contains(sets, one) {
			sets = append(sets, one)
		}
	}
	return sets
}

// namespaceOf returns the registry of a reference and the first part of its
// repository, such as quay.io/openshift.
func namespaceOf(r mapping.Reference) string {
	if r.Scheme != "" {
		return r.Scheme + "://…"
	}
	return release.Organisation(r)
}
