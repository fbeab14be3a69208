package effects

import (
	"fmt"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

// ConsequenceKind is what becomes true or untrue in a place that the change does
// not touch.
type ConsequenceKind string

// The kinds.
const (
	// Onward: others mirror on what is not written any more, or holds another
	// image.
	Onward ConsequenceKind = "onward"
	// Unpublished: images that were mirrored somewhere and are mirrored nowhere
	// any more.
	Unpublished ConsequenceKind = "unpublished"
	// Unfilled: images that are mirrored and that nothing publishes any more.
	Unfilled ConsequenceKind = "unfilled"
	// Pattern: tags that a pattern stands for, or no longer does, because they
	// are promoted, or no longer are.
	Pattern ConsequenceKind = "pattern"
)

// Consequence is one of them, for a set.
type Consequence struct {
	Kind  ConsequenceKind `json:"kind"`
	Set   string          `json:"set"` // whose mappings it is about
	Items []Item          `json:"items"`
}

// Item is one image with the line that it is about.
type Item struct {
	Place
	Image string `json:"image"`
	Text  Words  `json:"text"`
	// Promoted is the config that still promotes an image that is mirrored
	// nowhere any more.
	Promoted string `json:"promotedBy,omitempty"`
}

func (c *comparison) elsewhere() {
	c.onward()
	c.unpublished()
	if !c.options.ConfigsKnown || len(c.options.Configs) > 0 {
		c.unfilled()
		c.patterns()
	}
}

// tell adds what becomes of an image to the consequences of a set.
func (c *comparison) tell(kind ConsequenceKind, set string, item Item) {
	all := c.effect.Elsewhere
	i := slices.IndexFunc(all, func(o Consequence) bool { return o.Kind == kind && o.Set == set })
	if i < 0 {
		i = len(all)
		all = append(all, Consequence{Kind: kind, Set: set})
	}
	all[i].Items = append(all[i].Items, item)
	c.effect.Elsewhere = all
}

// onward tells of lines whose source is a destination that changes.
func (c *comparison) onward() {
	for _, d := range c.effect.Destinations {
		what := ""
		switch d.Change {
		case Gone:
			what = "nothing mirrors to "
		case Stopped:
			what = "no job mirrors to "
		case Source:
			what = "another image comes to "
		default:
			continue
		}
		for _, r := range c.after.Readers(d.ref) {
			c.tell(Onward, r.Set.Name, Item{
				Place: place(r), Image: d.Name,
				Text: Words{Say(what), Code(d.Name), Say(", from where it goes on to "), Code(r.Destination.Exact())},
			})
		}
	}
}

func place(r *routes.Route) Place { return Place{r.Pos().File, r.Pos().Line} }

// unpublished tells of sources that no line reads any more.
func (c *comparison) unpublished() {
	seen := map[string]bool{}
	for _, d := range c.effect.Destinations {
		if d.Change != Gone && d.Change != Source || d.SameTag {
			continue
		}
		for _, w := range d.Before {
			key := routes.Key(w.source)
			// Whether a pattern stood for this very tag, nobody knows.
			if w.Pattern != "" || seen[key] || len(c.after.Readers(w.source)) > 0 {
				continue
			}
			seen[key] = true
			item := Item{Place: w.Place, Image: w.Source, Text: Words{Code(w.Source), Say(" is mirrored nowhere any more")}}
			if tag, ok := c.after.Tree.CITag(w.source); ok {
				if all := c.after.promotions().Of(tag); len(all) > 0 && !all[0].Disabled {
					item.Promoted = release.ConfigName(all[0].Config)
				}
			}
			c.tell(Unpublished, w.Set, item)
		}
	}
}

// unfilled tells of sources that something published before and nothing does
// now.
func (c *comparison) unfilled() {
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
		text := Words{Say("nothing publishes "), Code(r.Source.Exact())}
		if was := c.before.promotions().Of(tag); len(was) > 0 {
			text = append(text, Say(", which was promoted by "), Code(release.ConfigName(was[0].Config)))
		}
		c.tell(Unfilled, r.Set.Name, Item{Place: place(r), Image: r.Source.Exact(), Text: text})
	}
}

// disabled reports whether all promotions of a tag are switched off.
func (c *comparison) disabled(tag release.ImageTag) bool {
	all := c.after.promotions().Of(tag)
	return len(all) > 0 && all[0].Disabled && !c.after.promotions().Filled(tag)
}

// patterns tells of tags that a pattern takes in, or no longer does, because
// promotions change.
func (c *comparison) patterns() {
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
		c.tags(r, "is taken in", without(after, before))
		c.tags(r, "is not taken in any more", without(before, after))
	}
}

func (c *comparison) tags(r *routes.Route, what string, tags []string) {
	for _, tag := range tags {
		to := r.Destination
		to.Tag = tag
		c.tell(Pattern, r.Set.Name, Item{
			Place: place(r), Image: to.Exact(),
			Text: Words{Code(to.Exact()), Say(fmt.Sprintf(" %s by ", what)), Code(r.Source.Text)},
		})
	}
}
