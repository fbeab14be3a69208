package validate

import (
	"fmt"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// written reports targets that a mapping file also writes.
func (c *ciImagesCheck) written() {
	at := map[release.ImageTag]release.CIImage{}
	for _, i := range c.all {
		at[i.Target] = i
	}
	done := map[string]bool{}
	for _, m := range c.tree.Mappings() {
		for pair := range m.Pairs() {
			tag, ok := c.tree.CITarget(pair.Destination)
			if !ok {
				continue
			}
			if i, taken := at[tag]; taken && !done[i.Key] {
				done[i.Key] = true
				c.alsoMapped(i, m, pair)
			}
		}
	}
}

func (c *ciImagesCheck) alsoMapped(i release.CIImage, m *release.MappingFile, pair mapping.Pair) {
	severity, effect := c.rule.Severity, "whichever runs last wins"
	switch {
	case pair.Source.Canonical() == i.Pair.Source.Canonical():
		severity, effect = source.Warning, "the copy is made twice"
	case idle(c.Pass, m):
		severity, effect = source.Warning, "if a job ran the file, the last push would win"
	}
	f := c.ReportAs(severity, i.Pos, "keep it in one of the two", "%s, copied from %s, is also written by %s of set %s, from %s: %s",
		i.Key, i.Pair.Source.Exact(), m.Base, m.Set.Name, pair.Source.Exact(), effect)
	f.Related = append(f.Related, Related{Pos: pair.Destination.Pos, Message: "written here"})
}

// promoted reports targets that ci-operator or the release controller fills.
func (c *ciImagesCheck) promoted() {
	for _, i := range c.images.Supplemental {
		if one, ok := c.effective(i.Target); ok {
			f := c.Report(i.Pos, "copy it to another tag, or exclude the image from the promotion",
				"%s is promoted by ci-operator from %s, and overwritten from %s: whichever runs last wins",
				i.Key, release.ConfigName(one.Config), i.Pair.Source.Exact())
			f.Related = append(f.Related, Related{Pos: one.Pos, Message: "promoted here to " + one.String()})
		} else if one, ok := c.tree.Promotions().Publication(i.Target); ok {
			f := c.ReportAs(source.Warning, i.Pos, "copy it to another tag, or add the tag to the publication's excludeTags",
				"%s is published by the release controller from %s, and overwritten from %s: whichever runs last wins", i.Key, one.From, i.Pair.Source.Exact())
			f.Related = append(f.Related, Related{Pos: one.Pos, Message: "published here to " + one.To.String()})
		}
	}
}

// sources reports sources in the CI registry that nothing fills. A source that
// a ci-operator config builds from exists, even if the tree does not show why.
func (c *ciImagesCheck) sources() {
	mirrored := writtenTags(c.Pass)
	promotions := c.tree.Promotions()
	for _, i := range c.all {
		ref := i.Pair.Source
		tag, ok := c.tree.CITag(ref)
		_, ignored := c.images.IgnoredAs(i.From)
		if _, used := promotions.Used(tag); !ok || ignored || used || c.there(ref, tag, mirrored[tag.Stream]) {
			continue
		}
		f := c.ReportAs(source.Warning, i.From.Pos, "correct the name, or remove the entry", "nothing promotes, publishes or mirrors %s, the source of %s", ref.Exact(), i.Key)
		if near := nearest(c.Pass, tag); near != "" {
			f.Hint = "did you mean " + near + "?"
		}
	}
}

// there reports whether something fills the tag of a source. An entry does not
// fill its own source.
func (c *ciImagesCheck) there(ref mapping.Reference, tag release.ImageTag, w *written) bool {
	if release.QuayCI(ref) && ref.Digest == "" {
		return c.tree.Promotions().FilledInQCI(tag) || c.tree.Manifests().Declared(tag) || w.holds(tag.Tag)
	}
	return filled(c.Pass, ref, tag, w)
}

// wanted reports tags that ci-operator configs build from and nothing pushes,
// if an unused entry is similar: it may be the one that should push the tag.
// There is one finding for all tags that are similar to one entry.
func (c *ciImagesCheck) wanted() {
	promotions, mirrored := c.tree.Promotions(), writtenTags(c.Pass)
	var unused []release.CIImage
	for _, i := range c.all {
		if _, used := promotions.Used(i.Target); !used {
			unused = append(unused, i)
		}
	}
	tags := map[wantedBy][]release.ImageTag{}
	var order []wantedBy
	for _, tag := range c.tree.KnownTags() {
		_, used := promotions.Used(tag)
		if !used || tag.Tag == "" || promotions.Filled(tag) || c.tree.Manifests().Declared(tag) || mirrored[tag.Stream].holds(tag.Tag) {
			continue
		}
		at := slices.IndexFunc(unused, func(i release.CIImage) bool { return near(tag, i.Target) })
		if at < 0 {
			continue
		}
		by := wantedBy{at, source.Info} // a tag that was filled once may still exist
		if letters(tag.String()) != letters(unused[at].Key) {
			by.severity = source.Warning
		}
		if tags[by] == nil {
			order = append(order, by)
		}
		tags[by] = append(tags[by], tag)
	}
	for _, by := range order {
		c.reportWanted(unused[by.entry], by.severity, tags[by])
	}
}

// wantedBy is a reason to report a tag: the unused entry that is similar, by its
// index, and how similar it is.
type wantedBy struct {
	entry    int
	severity source.Severity
}

func (c *ciImagesCheck) reportWanted(entry release.CIImage, severity source.Severity, tags []release.ImageTag) {
	var names, parts []string
	var related []Related
	for _, tag := range tags {
		config, _ := c.tree.Promotions().Used(tag)
		names = append(names, tag.String())
		parts = append(parts, fmt.Sprintf("nothing in the tree pushes %s, which the config of %s builds from", tag, release.ConfigName(config)))
		related = append(related, Related{Pos: source.Position{File: config}, Message: "used here"})
	}
	message, missing := parts[0], "an entry for "+names[0]
	if len(tags) > 1 {
		message, missing = fmt.Sprintf("nothing in the tree pushes %s, which ci-operator configs build from", some(names, 3)), "entries for them"
		for i := range related {
			related[i].Message = names[i] + " is used here"
		}
	}
	f := c.ReportAs(severity, entry.Pos, fmt.Sprintf("correct the unused entry %s, or add %s", entry.Key, missing), "%s", message)
	f.Related, f.Parts = related, parts
}

// near reports whether two tags differ by one letter of a name or by the
// numbers in the tag.
func near(a, b release.ImageTag) bool {
	if a.Stream == b.Stream && shape(a.Tag) == shape(b.Tag) {
		return true
	}
	equal := 0
	for _, part := range [...][2]string{{a.Namespace, b.Namespace}, {a.Name, b.Name}, {a.Tag, b.Tag}} {
		if part[0] == part[1] {
			equal++
		} else if !oneOff(part[0], part[1]) || letters(part[0]) == letters(part[1]) {
			return false
		}
	}
	return equal == 2
}

// expressions reports expressions of artImages that match no stream in the
// tree.
func (c *ciImagesCheck) expressions() {
	if len(c.images.ART) == 0 {
		return
	}
	used := c.tree.KnownTags()
	for _, p := range c.images.ART {
		known := func(fits func(release.ImageTag) bool) bool {
			return slices.ContainsFunc(used, fits)
		}
		switch {
		case !known(func(t release.ImageTag) bool { return t.Namespace == p.Namespace }):
			severity, hint := source.Info, "correct it, or remove the entry, if nothing is pushed to this namespace from elsewhere"
			if i := slices.IndexFunc(used, func(t release.ImageTag) bool { return oneOff(t.Namespace, p.Namespace) }); i >= 0 {
				severity, hint = source.Warning, "did you mean "+used[i].Namespace+"?"
			}
			c.ReportAs(severity, p.Pos, hint, "artImages: nothing in the tree names the namespace %s", p.Namespace)
		case !known(func(t release.ImageTag) bool { return p.Matches(t.Stream) }):
			c.ReportAs(source.Warning, p.NamePos, "correct it, or remove the entry", "artImages: the expression %s matches no stream of %s in the tree", p.Name, p.Namespace)
		case p.Tag != nil && !known(p.Covers):
			c.ReportAs(source.Warning, p.TagPos, "correct it, or remove the entry", "artImages: the expression %s matches no tag of these streams in the tree", p.Tag)
		}
	}
}
