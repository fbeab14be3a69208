package routes

import (
	"fmt"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Kind is the kind of an image's origin.
type Kind string

// The kinds of origin.
const (
	Promoted  Kind = "promoted"  // ci-operator publishes it
	Published Kind = "published" // the release controller, ci-images-mirror or a manifest of the cluster fills it
	Mirrored  Kind = "mirrored"  // a mapping of this repository writes it
	Outside   Kind = "outside"   // it is in another registry
	Nothing   Kind = "nothing"   // nothing in the tree fills it
	Unknown   Kind = "unknown"   // the tree has no ci-operator configs
)

// Origin is where an image comes from.
type Origin struct {
	Kind Kind
	Text string // for people
	Pos  source.Position
	// From are the routes that write the image, if Kind is Mirrored.
	From []*Route
	// Tags are the promoted tags that a pattern matches.
	Tags []string
}

// Origin returns what publishes an image.
func (x *Index) Origin(r mapping.Reference) Origin {
	from := x.Writers(r)
	tag, ok := x.Tree.CITag(r)
	if !ok {
		if len(from) > 0 {
			return mirroredBy(from)
		}
		return Origin{Kind: Outside, Text: "outside the CI registry"}
	}
	p := x.Tree.Promotions()
	if all := p.Of(tag); len(all) > 0 {
		return Origin{Kind: Promoted, Text: "promoted by " + promotedBy(all), Pos: all[0].Pos}
	}
	if one, ok := p.Publication(tag); ok {
		return Origin{Kind: Published, Text: "published by the release controller, from " + one.From.String(), Pos: one.Pos}
	}
	if r.Wildcard() {
		if tags, _ := x.Stands(r); len(tags) > 0 {
			return Origin{Kind: Promoted, Text: fmt.Sprintf("matches %d published tags", len(tags)), Tags: tags}
		}
	}
	filled := p.Filled
	if release.QuayCI(r) { // ci-images-mirror copies some tags from there to the CI registry
		filled = p.FilledInQCI
	}
	switch {
	case filled(tag):
		return Origin{Kind: Published, Text: "published by the release controller or ci-images-mirror"}
	case len(from) > 0:
		return mirroredBy(from)
	case x.Tree.Manifests().Declared(tag), x.Tree.Manifests().DeclaredStream(tag.Stream):
		return Origin{Kind: Published, Text: "created by an ImageStream or BuildConfig of the cluster"}
	case p.Configs == 0:
		return Origin{Kind: Unknown, Text: "unknown: the tree has no ci-operator configs"}
	}
	return Origin{Kind: Nothing, Text: "nothing in the tree publishes it"}
}

// Stands returns the sorted tags that a wildcard source matches in the tree.
// Complete reports whether nothing in the tree can add others.
func (x *Index) Stands(r mapping.Reference) (tags []string, complete bool) {
	tag, ok := x.Tree.CITag(r)
	if !ok {
		return nil, false
	}
	return x.Tree.Promotions().Matching(tag.Stream, r)
}

func mirroredBy(from []*Route) Origin {
	var sets []string
	for _, r := range from {
		if len(sets) == 0 || sets[len(sets)-1] != r.Set.Name {
			sets = append(sets, r.Set.Name)
		}
	}
	return Origin{Kind: Mirrored, Text: "mirrored by " + strings.Join(sets, ", "), Pos: from[0].Pos(), From: from}
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
