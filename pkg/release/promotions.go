package release

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Stream is an image stream of the CI registry.
type Stream struct{ Namespace, Name string }

// String returns "namespace/name".
func (s Stream) String() string { return s.Namespace + "/" + s.Name }

// ImageTag is one tag of an image stream of the CI registry.
type ImageTag struct {
	Stream
	Tag string
}

// String returns "namespace/name:tag".
func (t ImageTag) String() string { return t.Stream.String() + ":" + t.Tag }

// Joined returns "namespace_name_tag": the tag's name in openshift/ci at quay.io.
func (t ImageTag) Joined() string { return t.Namespace + "_" + t.Name + "_" + t.Tag }

// Promotion is one tag that a ci-operator config publishes.
type Promotion struct {
	ImageTag
	Config string          // path of the config
	Pos    source.Position // of the image's name in it
	// Disabled reports whether the config disables the promotion.
	Disabled bool
	// Optional reports whether the image is built, and promoted, only if
	// something else in the config needs it.
	Optional bool
}

// Publication is a stream that the release controller fills with all or some
// images of an accepted release.
type Publication struct {
	To      Stream
	From    Stream          // the stream with the images of the release
	Exclude map[string]bool // tags that are not published
	Only    map[string]bool // if not empty, the only tags that are
	Pos     source.Position
}

// Promotions has what ci-operator and the release controller publish into image
// streams of the CI registry, and what ci-images-mirror copies there.
//
// The rules for the contents of a config are those of ci-operator
// (openshift/ci-tools, pkg/steps/release/promote.go).
type Promotions struct {
	// Configs is the number of ci-operator configs that were read.
	Configs int
	// Problems are the configs that could not be read.
	Problems []source.Problem
	// All are the promotions in order of their configs' paths, disabled and
	// optional ones included.
	All []Promotion
	// Publications are in order of their files' names.
	Publications []Publication

	byTag    map[ImageTag][]int // indices in All
	tags     map[Stream][]string
	byCommit map[Stream]bool // also promoted under the commit's hash
	releases map[Stream]bool // filled with release images
	images   *CIImages
	used     map[ImageTag]string // tags that configs build from, with one config each; empty without images
	joined   map[string]ImageTag
}

func loadPromotions(t *Tree) *Promotions {
	p := &Promotions{byCommit: map[Stream]bool{}, releases: map[Stream]bool{}, images: t.CIImages(), used: map[ImageTag]string{}}
	readConfigs(p, t.FS, t.Layout.Config)
	readReleases(p, t.FS, t.Layout.Releases)
	p.index()
	return p
}

func (p *Promotions) index() {
	p.byTag = make(map[ImageTag][]int, len(p.All))
	p.tags = map[Stream][]string{}
	p.joined = map[string]ImageTag{}
	for i, one := range p.All {
		p.byTag[one.ImageTag] = append(p.byTag[one.ImageTag], i)
		if !one.Disabled {
			p.tags[one.Stream] = append(p.tags[one.Stream], one.Tag)
			p.joined[one.Joined()] = one.ImageTag
		}
	}
	for _, tags := range []map[ImageTag]bool{p.images.supplemental, p.images.backfilled} {
		for tag := range tags {
			p.tags[tag.Stream] = append(p.tags[tag.Stream], tag.Tag)
			p.joined[tag.Joined()] = tag
		}
	}
	for s, tags := range p.tags {
		slices.Sort(tags)
		p.tags[s] = slices.Compact(tags)
	}
}

// Of returns the promotions of a tag, those that take effect first.
func (p *Promotions) Of(tag ImageTag) []Promotion {
	var all []Promotion
	for _, i := range p.byTag[tag] {
		all = append(all, p.All[i])
	}
	slices.SortStableFunc(all, func(a, b Promotion) int { return cmp.Compare(a.rank(), b.rank()) })
	return all
}

func (p Promotion) rank() int {
	switch {
	case p.Disabled:
		return 2
	case p.Optional:
		return 1
	}
	return 0
}

// Tags returns the tags of a stream that the tree is known to fill, in order.
// Complete reports whether nothing in the tree adds tags with unknown names,
// except commit hashes.
func (p *Promotions) Tags(s Stream) (tags []string, complete bool) {
	tags = p.tags[s]
	return tags, len(tags) > 0 && !p.releases[s] && !p.publishes(s) && !p.images.brings(s)
}

// Matching returns the tags at a wildcard source that hold tags of an image
// stream, as [Promotions.Tags] gives all of them.
func (p *Promotions) Matching(s Stream, r mapping.Reference) (tags []string, complete bool) {
	all, complete := p.Tags(s)
	for _, t := range all {
		if !InCIRegistry(r) { // there is a tag for each tag of a stream
			t = ImageTag{Stream: s, Tag: t}.Joined()
		}
		if mapping.MatchTag(r.Tags(), t) {
			tags = append(tags, t)
		}
	}
	return tags, complete
}

// commit matches a tag that is the hash of a commit.
var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Filled reports whether something fills a tag: a promotion that is not
// disabled, the release controller, or ci-images-mirror.
func (p *Promotions) Filled(tag ImageTag) bool { return p.images.backfilled[tag] || p.FilledInQCI(tag) }

// FilledInQCI is Filled for the copy of the tag in openshift/ci at quay.io.
// Where ci-images-mirror fills the tag, it copies it from there.
func (p *Promotions) FilledInQCI(tag ImageTag) bool {
	if slices.ContainsFunc(p.byTag[tag], func(i int) bool { return !p.All[i].Disabled }) || p.releases[tag.Stream] {
		return true
	}
	if p.images.fills(tag) || p.byCommit[tag.Stream] && commit.MatchString(tag.Tag) {
		return true
	}
	_, ok := p.Publication(tag)
	return ok
}

// Publication returns the publication that fills a tag.
func (p *Promotions) Publication(tag ImageTag) (Publication, bool) {
	for _, one := range p.Publications {
		if one.To == tag.Stream && one.Takes(tag.Tag) && p.holds(ImageTag{one.From, tag.Tag}) {
			return one, true
		}
	}
	return Publication{}, false
}

// Takes reports whether the publication includes a tag of its stream.
func (p Publication) Takes(tag string) bool {
	return !p.Exclude[tag] && (len(p.Only) == 0 || p.Only[tag])
}

// holds reports whether a release's stream may have a tag. A stream without
// promotions is filled from outside and may have any tag.
func (p *Promotions) holds(tag ImageTag) bool {
	return len(p.tags[tag.Stream]) == 0 || slices.ContainsFunc(p.byTag[tag], func(i int) bool { return !p.All[i].Disabled })
}

// Used returns a ci-operator config that builds from a tag or otherwise uses
// it. It needs a tree with a configuration of ci-images-mirror.
func (p *Promotions) Used(tag ImageTag) (config string, ok bool) {
	config, ok = p.used[tag]
	return config, ok
}

// Fills reports whether anything in the tree fills a stream with at least one tag.
func (p *Promotions) Fills(s Stream) bool {
	return len(p.tags[s]) > 0 || p.byCommit[s] || p.releases[s] || p.publishes(s) || p.images.brings(s)
}

func (p *Promotions) publishes(s Stream) bool {
	return slices.ContainsFunc(p.Publications, func(one Publication) bool { return one.To == s })
}

// Joined finds a promoted tag by its name "namespace_stream_tag" in
// openshift/ci on quay.io.
func (p *Promotions) Joined(name string) (ImageTag, bool) {
	tag, ok := p.joined[name]
	return tag, ok
}

// AnyJoined reports whether something may fill a tag with such a name that
// matches a pattern.
func (p *Promotions) AnyJoined(pattern string) bool {
	for name := range p.joined {
		if mapping.MatchTag(pattern, name) {
			return true
		}
	}
	within := func(s Stream) bool { return mapping.TagsOverlap(pattern, s.Namespace+"_"+s.Name+"_*") }
	for _, streams := range []map[Stream]bool{p.releases, p.byCommit} {
		for s := range streams {
			if within(s) {
				return true
			}
		}
	}
	art := func(one StreamPattern) bool { return mapping.TagsOverlap(pattern, one.Namespace+"_*") }
	return slices.ContainsFunc(p.images.ART, art) || slices.ContainsFunc(p.Publications, func(one Publication) bool { return within(one.To) })
}

// Namespaces returns the sorted namespaces that enabled promotions other than
// the build cache write to, with one promotion each.
func (p *Promotions) Namespaces() []Promotion {
	first := map[string]Promotion{}
	for _, one := range p.All {
		if old, ok := first[one.Namespace]; !one.Disabled && one.Namespace != buildCache && (!ok || old.Optional && !one.Optional) {
			first[one.Namespace] = one
		}
	}
	var all []Promotion
	for _, name := range slices.Sorted(maps.Keys(first)) {
		all = append(all, first[name])
	}
	return all
}

// buildCache is the namespace in which ci-operator keeps the binaries of
// repositories that promote images.
const buildCache = "build-cache"

// cacheTag returns the tag in the build cache of the config at path:
// "…/org/repo/org-repo-branch.yaml", or "…-branch__variant.yaml".
func cacheTag(path string) (ImageTag, bool) {
	parts := strings.Split(strings.TrimSuffix(path, ".yaml"), "/")
	if len(parts) < 3 {
		return ImageTag{}, false
	}
	name := parts[len(parts)-3] + "-" + parts[len(parts)-2]
	rest, ok := strings.CutPrefix(parts[len(parts)-1], name+"-")
	branch, variant, varied := strings.Cut(rest, "__")
	if varied {
		branch += "-" + variant
	}
	return ImageTag{Stream{buildCache, name}, branch}, ok && branch != ""
}
