package site

import (
	"fmt"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// origin is what publishes an image.
type origin struct {
	Text string
	Set  *set // that mirrors it, if any
	// Kind is for filtering: promoted, published, mirrored, outside, unknown;
	// "" if the tree does not show it.
	Kind string
}

// origin finds what publishes the source of an entry.
func (s *site) origin(e *entry) origin {
	tag, ok := s.tree.CITag(e.Source)
	if !ok {
		if set := s.writer(e); set != nil {
			return origin{Text: "mirrored by", Set: set, Kind: "mirrored"}
		}
		return origin{Text: "outside the CI registry", Kind: "outside"}
	}
	p := s.tree.Promotions()
	if all := p.Of(tag); len(all) > 0 {
		return origin{Text: promotedBy(all), Kind: "promoted"}
	}
	if one, ok := p.Publication(tag); ok {
		return origin{Text: "release controller, from " + one.From.String(), Kind: "published"}
	}
	if p.Filled(tag) {
		return origin{Text: "release controller or ci-images-mirror", Kind: "published"}
	}
	if set := s.writer(e); set != nil {
		return origin{Text: "mirrored by", Set: set, Kind: "mirrored"}
	}
	if s.tree.Manifests().Declared(tag) {
		return origin{Text: "an ImageStream or BuildConfig of the cluster", Kind: "published"}
	}
	if e.Source.Wildcard() || tag.Tag == "" {
		if tags, _ := p.Tags(tag.Stream); len(tags) > 0 {
			return origin{Text: fmt.Sprintf("%d promoted tags of the stream", len(tags)), Kind: "promoted"}
		}
	}
	if s.Missing != "" {
		return origin{}
	}
	return origin{Text: "nothing in the tree", Kind: "unknown"}
}

// writer returns another set that writes the source of an entry, if any.
func (s *site) writer(e *entry) *set {
	all := s.written[e.Source.Canonical()]
	if i := slices.IndexFunc(all, func(o *set) bool { return o != e.Set }); i >= 0 {
		return all[i]
	}
	return nil
}

// promotedBy returns the name of the first config that promotes a tag.
func promotedBy(all []release.Promotion) string {
	text := release.ConfigName(all[0].Config)
	if all[0].Disabled {
		text += ", which is disabled"
	}
	if n := len(all) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// namespaceOf returns the registry of a reference and the first part of its
// repository, such as quay.io/openshift.
func namespaceOf(r mapping.Reference) string {
	host, rest := r.Host(), r.Path()
	if r.Scheme != "" {
		return r.Scheme + "://…"
	}
	for i, c := range rest {
		if c == '/' {
			return host + "/" + rest[:i]
		}
	}
	return host + "/" + rest
}
