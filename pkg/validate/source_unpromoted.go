package validate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func sourceUnpromoted() Rule {
	return Rule{
		ID:    "source-unpromoted",
		Title: "a source that nothing promotes or mirrors",
		Why: "The mirrored image is never updated, and the job fails once the tag is pruned from the CI registry. " +
			"Most often the promotion was switched off or renamed, or the name has a typo.",
		Fix: "Promote the image, correct its name, or remove the line. " +
			"If something outside this repository pushes it, say so in an ignore comment.",
		Severity: source.Warning,
		Bad: exampleConfig("openshift/app", "team", "stream", "app") + `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:apps quay.io/team/app:latest
`,
		Good: exampleConfig("openshift/app", "team", "stream", "app") + exampleMapping,
		Check: func(p *Pass) {
			if !p.known(p.noConfigs()) {
				return
			}
			if images := p.tree.CIImages(); images.Unread {
				p.Skip("%s cannot be read, so the tags that it fills are unknown", images.Path)
				return
			}
			skipBroken(p)
			mirrored := writtenTags(p)
			for _, m := range p.tree.Mappings() {
				unfilled(p, m, mirrored)
			}
		},
	}
}

// written are the tags of a stream of the CI registry that mappings write, or
// nil.
type written struct {
	tags     map[string]bool
	patterns []string
}

func writtenTags(p *Pass) map[release.Stream]*written {
	all := map[release.Stream]*written{}
	for _, m := range p.tree.Mappings() {
		for pair := range pairs(p, m) {
			tag, ok := p.tree.CITag(pair.Destination)
			if !ok {
				continue
			}
			w := all[tag.Stream]
			if w == nil {
				w = &written{tags: map[string]bool{}}
				all[tag.Stream] = w
			}
			if pair.Destination.Wildcard() {
				w.patterns = append(w.patterns, tag.Tag)
			} else {
				w.tags[tag.Tag] = true
			}
		}
	}
	return all
}

// holds reports whether a mapping writes a tag, or one that a pattern matches.
func (w *written) holds(tag string) bool {
	if w == nil {
		return false
	}
	overlaps := func(t string) bool { return mapping.TagsOverlap(t, tag) }
	return w.tags[tag] || slices.ContainsFunc(w.patterns, overlaps) ||
		strings.Contains(tag, "*") && slices.ContainsFunc(slices.Collect(maps.Keys(w.tags)), overlaps)
}

// stale are the stale sources of a file from one namespace.
type stale struct {
	set, namespace string
	all            map[release.ImageTag]bool
	bad            []mapping.Reference // the first reference to each image that nothing fills
	tags           []release.ImageTag  // of bad
}

// unfilled reports the sources of a file that nothing publishes, once for each
// namespace.
func unfilled(p *Pass, m *release.MappingFile, mirrored map[release.Stream]*written) {
	var namespaces []*stale
	for e := range m.Entries() {
		tag, ok := p.tree.CITag(e.Source)
		if !ok || release.Pruned(e.Source) {
			outOfQuay(p, e.Source, tag)
			continue
		}
		i := slices.IndexFunc(namespaces, func(s *stale) bool { return s.namespace == tag.Namespace })
		if i < 0 {
			i = len(namespaces)
			namespaces = append(namespaces, &stale{set: m.Set.Name, namespace: tag.Namespace, all: map[release.ImageTag]bool{}})
		}
		s := namespaces[i]
		s.all[tag] = true
		if !filled(p, e.Source, tag, mirrored[tag.Stream]) && !p.ignored(e.Source.Pos) && !slices.Contains(s.tags, tag) &&
			!p.outdatedLine(m, e.Source.Pos.Line) {
			s.bad = append(s.bad, e.Source)
			s.tags = append(s.tags, tag)
		}
	}
	for _, s := range namespaces {
		if len(s.bad) > 0 {
			reportStale(p, s, mirrored)
		}
	}
}

// outOfQuay reports a source in openshift/ci that is an older copy or a pattern
// for tags of several streams.
func outOfQuay(p *Pass, r mapping.Reference, tag release.ImageTag) {
	switch pattern := cmp.Or(r.Tag, "*"); {
	case release.Pruned(r):
		p.Report(r.Pos, "copy "+release.QCIRepository+":"+tag.Joined(), "%s is an older copy that is kept for a while: it is never updated, and the job fails once it is removed", r.Exact())
	case release.QuayCI(r) && r.Wildcard() && len(p.tree.Promotions().Problems) == 0 && !p.tree.Promotions().AnyJoined(pattern):
		p.Report(r.Pos, "correct the pattern, or remove the line", "nothing promotes, publishes or mirrors a tag that matches %s", r.Exact())
	}
}

func filled(p *Pass, r mapping.Reference, tag release.ImageTag, w *written) bool {
	promotions, manifests := p.tree.Promotions(), p.tree.Manifests()
	switch {
	case p.unread(promotions.Problems, tag.Namespace):
		return true // as far as known
	case r.Digest != "" || r.Tag == "":
		return promotions.Fills(tag.Stream) || manifests.DeclaredStream(tag.Stream) || w != nil
	case r.Wildcard():
		tags, complete := promotions.Tags(tag.Stream)
		if !complete && promotions.Fills(tag.Stream) || manifests.DeclaredStream(tag.Stream) {
			return true
		}
		overlaps := func(t string) bool { return mapping.TagsOverlap(t, tag.Tag) }
		return slices.ContainsFunc(tags, overlaps) || w.holds(tag.Tag)
	}
	return promotions.Filled(tag) || manifests.Declared(tag) || w.holds(tag.Tag)
}

func reportStale(p *Pass, s *stale, mirrored map[release.Stream]*written) {
	severity, hint := p.rule.Severity, "promote it, correct the name, or remove the line: the copy is never updated, and fails once the tag is pruned"
	hints := "promote them, correct the names, or remove the lines: the copies are never updated, and fail once the tags are pruned"
	fed := slices.ContainsFunc(s.tags, func(t release.ImageTag) bool {
		return p.tree.Promotions().Fills(t.Stream) || p.tree.Manifests().DeclaresTags(t.Stream) || mirrored[t.Stream] != nil
	})
	id := ""
	if by := otherPushers(p, s.namespace); !fed && by != "" {
		severity, id = source.Info, " by others"
		hint = fmt.Sprintf("remove it, unless %s, which may push to %s, pushes it", by, s.namespace)
		hints = fmt.Sprintf("remove them, unless %s, which may push to %s, pushes them", by, s.namespace)
	}
	f := p.ReportAs(severity, s.bad[0].Pos, hint, "nothing promotes, publishes or mirrors %s", s.what())
	f.Cause = Cause{ID: s.set + "/" + s.namespace + id,
		Summary: "{n} files of the set " + s.set + " copy images from the namespace " + s.namespace + " that nothing promotes, publishes or mirrors", Hint: hints}
	if near := nearest(p, s.tags[0]); len(s.bad) == 1 && near != "" {
		f.Hint = "did you mean " + near + "?"
	}
	for i, r := range s.bad {
		f.Parts = append(f.Parts, "nothing promotes, publishes or mirrors "+r.Exact())
		if i > 0 {
			f.Related = append(f.Related, Related{Pos: r.Pos, Message: "not published either: " + r.Exact()})
		}
		if off := p.tree.Promotions().Of(s.tags[i]); len(off) > 0 {
			f.Related = append(f.Related, Related{Pos: off[0].Pos, Message: "the promotion of " + s.tags[i].String() + " is disabled"})
		}
	}
}

// what lists the images that nothing publishes.
func (s *stale) what() string {
	if len(s.bad) == 1 {
		return s.bad[0].Exact()
	}
	if len(s.bad) == len(s.all) {
		return fmt.Sprintf("any of the %d images that this file copies from the namespace %s: %s", len(s.all), s.namespace, some(s.names(), 5))
	}
	return fmt.Sprintf("%d of the %d images that this file copies from the namespace %s: %s", len(s.bad), len(s.all), s.namespace, some(s.names(), 5))
}

func (s *stale) names() []string {
	var names []string
	for _, t := range s.tags {
		names = append(names, t.Name+":"+t.Tag)
	}
	return names
}

// otherPushers returns a service account, other than those of ci-operator, that
// a manifest allows to push to a namespace, or "".
func otherPushers(p *Pass, namespace string) string {
	manifests := p.tree.Manifests()
	for _, g := range manifests.Grants {
		if g.Namespace == namespace && g.Subject.Kind == "ServiceAccount" && manifests.MayPush(g) && !promoter(g.Subject) {
			return g.Subject.String()
		}
	}
	return ""
}

// nearest returns the promoted tag that was probably meant: a tag of the same
// stream that differs by one letter, the stream's only tag, or the tag with the
// names of stream and tag swapped, as in promotion by name and by tag. It
// returns "" if there is not exactly one.
func nearest(p *Pass, wrong release.ImageTag) string {
	swapped := release.ImageTag{Stream: release.Stream{Namespace: wrong.Namespace, Name: wrong.Tag}, Tag: wrong.Name}
	if p.tree.Promotions().Filled(swapped) {
		return swapped.String()
	}
	tags, complete := p.tree.Promotions().Tags(wrong.Stream)
	if len(tags) == 1 && complete && tags[0] != wrong.Tag {
		return release.ImageTag{Stream: wrong.Stream, Tag: tags[0]}.String()
	}
	near := ""
	for _, tag := range tags {
		if suggest.Distance(tag, wrong.Tag) == 1 {
			if near != "" {
				return ""
			}
			near = release.ImageTag{Stream: wrong.Stream, Tag: tag}.String()
		}
	}
	return near
}
