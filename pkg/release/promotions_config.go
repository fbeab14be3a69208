package release

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// config is the part of a ci-operator config about promotion.
type config struct {
	images  []image
	targets []target
	cached  bool // its binaries go to the build cache
}

// image is one image that a config builds or promotes under another name.
type image struct {
	name     string
	optional bool
	line     int
	column   int
}

// target is one place that a config promotes its images to.
type target struct {
	namespace  string
	name       string // the stream, with a tag for each image
	tag        string // the tag, with a stream for each image
	disabled   bool
	byCommit   bool
	excluded   []string
	additional []image
}

// The keys of a config that promotion depends on.
const (
	keyPromotion = "promotion"
	keyImages    = "images"
	keyBinaries  = "binary_build_commands"
)

// decodeConfig reads a config with the YAML parser.
func decodeConfig(path string, data []byte) (config, []source.Problem) {
	doc := parseYAML(path, data)
	root := doc.root
	return newConfig(Child(root, keyPromotion), Child(root, keyImages), Text(Child(root, keyBinaries)) != ""), doc.problems
}

// newConfig builds a config from the nodes of its parts, each of which may be
// nil.
func newConfig(promotion, images *yaml.Node, binaries bool) config {
	if promotion == nil || promotion.Kind != yaml.MappingNode {
		return config{}
	}
	targets, noCache := newTargets(promotion)
	return config{images: newImages(images), targets: targets, cached: binaries && !noCache}
}

func newImages(images *yaml.Node) []image {
	list := images
	if images != nil && images.Kind == yaml.MappingNode { // the newer form, with settings beside the list
		list = Child(images, "items")
	}
	var all []image
	for _, item := range items(list) {
		if to := Child(item, "to"); Text(to) != "" {
			all = append(all, image{Text(to), isTrue(Child(item, "optional")), to.Line, to.Column})
		}
	}
	return all
}

// newTargets reads the targets of a promotion, and whether it disables the build
// cache.
func newTargets(promotion *yaml.Node) (all []target, noCache bool) {
	// The older form, one target at the top, may be used together with the newer one.
	if Text(Child(promotion, "namespace")) != "" {
		all = append(all, newTarget(promotion))
	}
	for _, item := range items(Child(promotion, "to")) {
		all = append(all, newTarget(item))
	}
	return all, isTrue(Child(promotion, "disable_build_cache"))
}

func newTarget(n *yaml.Node) target {
	t := target{
		namespace: Text(Child(n, "namespace")), name: Text(Child(n, "name")), tag: Text(Child(n, "tag")),
		disabled: isTrue(Child(n, "disabled")), byCommit: isTrue(Child(n, "tag_by_commit")),
	}
	for _, item := range items(Child(n, "excluded_images")) {
		t.excluded = append(t.excluded, Text(item))
	}
	for key := range Pairs(Child(n, "additional_images")) {
		t.additional = append(t.additional, image{name: key.Value, line: key.Line, column: key.Column})
	}
	return t
}

func isTrue(n *yaml.Node) bool { return strings.EqualFold(Text(n), "true") }

// size returns the maximum number of tags that the config promotes to.
func (c config) size() int {
	n := 1
	for _, t := range c.targets {
		n += len(c.images) + len(t.additional)
	}
	return n
}

// promotions returns what the config at path promotes, in the order of its
// images and targets, and the streams that get a tag for each commit.
func (c config) promotions(path string) (all []Promotion, byCommit []Stream) {
	for _, t := range c.targets {
		for _, i := range t.images(c.images) {
			tag := ImageTag{Stream{t.namespace, t.name}, i.name}
			if t.name == "" {
				tag = ImageTag{Stream{t.namespace, i.name}, t.tag}
			}
			if tag.Namespace == "" || tag.Name == "" || tag.Tag == "" { // ci-operator rejects it
				continue
			}
			all = append(all, Promotion{
				ImageTag: tag, Config: path, Disabled: t.disabled, Optional: i.optional,
				Pos: source.Position{File: path, Line: i.line, Column: i.column},
			})
			if t.byCommit && !t.disabled {
				byCommit = append(byCommit, Stream{t.namespace, i.name})
			}
		}
	}
	if tag, ok := cacheTag(path); ok && c.cached && len(c.targets) > 0 {
		all = append(all, Promotion{ImageTag: tag, Config: path, Pos: source.Position{File: path}})
	}
	return all, byCommit
}

// images returns the images that are promoted to a target: those that are built
// and not excluded, and additional ones, which replace a built one of the same
// name.
func (t target) images(built []image) []image {
	var all []image
	at := map[string]int{}
	excluded := setOf(t.excluded)
	add := func(i image) {
		if old, ok := at[i.name]; ok {
			all[old] = i
			return
		}
		at[i.name] = len(all)
		all = append(all, i)
	}
	for _, i := range built {
		if !excluded[i.name] && !excluded["*"] {
			add(i)
		}
	}
	for _, i := range t.additional {
		add(i)
	}
	return all
}
