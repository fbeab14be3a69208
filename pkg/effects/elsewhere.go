package effects

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

// ConsequenceKind is the kind of an effect on another line or image.
type ConsequenceKind string

// The kinds.
const (
	// Onward: another line reads a destination that is no longer written or gets
	// another image.
	Onward ConsequenceKind = "onward"
	// Unpublished: an image is no longer mirrored anywhere.
	Unpublished ConsequenceKind = "unpublished"
	// Unfilled: a mirrored image is no longer published by anything.
	Unfilled ConsequenceKind = "unfilled"
	// Pattern: a pattern matches a tag for the first time or no longer, because
	// promotions change.
	Pattern ConsequenceKind = "pattern"
)

// Consequence lists the effects of one kind on a set.
type Consequence struct {
	Kind  ConsequenceKind `json:"kind"`
	Set   string          `json:"set"` // whose mappings are affected
	Items []Item          `json:"items"`
}

// Item is one affected image with its line.
type Item struct {
	Place
	Image string `json:"image"`
	Text  Words  `json:"text"`
	// Promoted is the config that still promotes an image that is no longer
	// mirrored.
	Promoted string `json:"promotedBy,omitempty"`
}

// elsewhere finds the effects of the changed destinations, and of promotions if
// those may differ.
func (c *comparison) elsewhere() {
	s := &consequences{trees: c.trees, changed: c.effect.Destinations, found: []Consequence{}}
	s.onward()
	s.unpublished()
	if !c.options.ConfigsKnown || len(c.options.Configs) > 0 {
		s.unfilled()
		s.patterns()
	}
	c.effect.Elsewhere = s.found
}

// consequences collects the effects on other lines and images.
type consequences struct {
	trees
	changed []Destination
	found   []Consequence
}

// add adds an item to the consequences of a set.
func (c *consequences) add(kind ConsequenceKind, set string, item Item) {
	i := slices.IndexFunc(c.found, func(o Consequence) bool { return o.Kind == kind && o.Set == set })
	if i < 0 {
		i = len(c.found)
		c.found = append(c.found, Consequence{Kind: kind, Set: set})
	}
	c.found[i].Items = append(c.found[i].Items, item)
}

// onward reports lines whose source is a changed destination.
func (c *consequences) onward() {
	for _, d := range c.changed {
		what := ""
		switch d.Change {
		case Gone:
			what = "no mapping writes "
		case Stopped:
			what = "no job mirrors "
		case Source:
			what = "another image is pushed to "
		default:
			continue
		}
		for _, r := range c.after.Readers(d.ref) {
			c.add(Onward, r.Set.Name, Item{
				Place: place(r), Image: d.Name,
				Text: Words{Say(what), Code(d.Name), Say(", which is mirrored to "), Code(written(r.Destination))},
			})
		}
	}
}

func place(r *routes.Route) Place { return Place{r.Pos().File, r.Pos().Line} }

// unpublished reports sources that no line reads any more.
func (c *consequences) unpublished() {
	seen := map[string]bool{}
	var streams map[release.Stream][]*routes.Route
	for _, d := range c.changed {
		if d.Change != Gone && d.Change != Source || d.SameTag {
			continue
		}
		for _, w := range d.Before {
			key := routes.Key(w.source)
			// The tree does not show whether a pattern matched this tag.
			if w.Pattern != "" || seen[key] || len(c.after.Readers(w.source)) > 0 {
				continue
			}
			seen[key] = true
			item := Item{Place: w.Place, Image: w.Source, Text: Words{Code(w.Source), Say(" is no longer mirrored anywhere")}}
			if tag, ok := c.after.Tree.CITag(w.source); ok {
				if streams == nil {
					streams = c.after.Streams()
				}
				// Another line may read the image under another name.
				current := func(r *routes.Route) bool {
					return r.Source.Digest == "" && !release.Pruned(r.Source) && c.after.Covers(r, tag)
				}
				if w.source.Digest == "" && slices.ContainsFunc(streams[tag.Stream], current) {
					continue
				}
				if all := c.after.promotions().Of(tag); len(all) > 0 && !all[0].Disabled {
					item.Promoted = release.ConfigName(all[0].Config)
				}
			}
			c.add(Unpublished, w.Set, item)
		}
	}
}

// unfilled reports sources that nothing publishes any more.
func (c *consequences) unfilled() {
	if len(c.before.All) == 0 || c.before.promotions().Configs == 0 || c.after.promotions().Configs == 0 {
		return
	}
	seen := map[string]bool{}
	for _, r := range c.after.All {
		tag, ok := c.after.Tree.CITag(r.Source)
		key := routes.Key(r.Source)
		if !ok || r.Source.Wildcard() || r.Source.Digest != "" || seen[key] {
			continue
		}
		seen[key] = true
		if !c.before.promotions().Filled(tag) || c.after.Origin(r.Source).Kind != routes.Nothing && !c.disabled(tag) {
			continue
		}
		text := Words{Say("nothing publishes "), Code(written(r.Source)), Say(" any more")}
		if was := c.before.promotions().Of(tag); len(was) > 0 {
			text = append(text, Say("; it was promoted by "), Code(release.ConfigName(was[0].Config)))
		}
		c.add(Unfilled, r.Set.Name, Item{Place: place(r), Image: written(r.Source), Text: text})
	}
}

// disabled reports whether all promotions of a tag are disabled.
func (c *consequences) disabled(tag release.ImageTag) bool {
	all := c.after.promotions().Of(tag)
	return len(all) > 0 && all[0].Disabled && !c.after.promotions().Filled(tag)
}

// patterns reports tags that a pattern matches for the first time or no longer,
// because promotions change.
func (c *consequences) patterns() {
	old := map[string]*routes.Route{}
	for _, r := range c.before.All {
		old[routes.Key(r.Source)+" "+routes.Key(r.Destination)] = r
	}
	for _, r := range c.after.All {
		was := old[routes.Key(r.Source)+" "+routes.Key(r.Destination)]
		if !r.Source.Wildcard() || was == nil {
			continue
		}
		before, _ := c.before.stands(was.Source)
		after, _ := c.after.stands(r.Source)
		c.tags(r, "is now mirrored by", without(after, before))
		c.tags(r, "is no longer mirrored by", without(before, after))
	}
}

func (c *consequences) tags(r *routes.Route, what string, tags []string) {
	for _, tag := range tags {
		to := r.Destination
		to.Tag = strings.TrimPrefix(tag, r.Stripped)
		c.add(Pattern, r.Set.Name, Item{
			Place: place(r), Image: written(to),
			Text: Words{Code(written(to)), Say(fmt.Sprintf(" %s ", what)), Code(r.Source.Text)},
		})
	}
}
