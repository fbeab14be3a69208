package release

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// The keys of the configuration of ci-images-mirror.
const (
	keySupplemental = "supplementalCIImages"
	keyBackfill     = "qciToAppCIImages"
	keyIgnored      = "ignoredSources"
	keyART          = "artImages"
)

// ParseCIImages reads a configuration of ci-images-mirror, at least as strictly
// as that program. file is the name in positions. A mistake is reported and
// does not affect other entries.
func ParseCIImages(file string, data []byte) *CIImages {
	d := ciImagesDecoder{yamlReader: yamlReader{file: file}, out: &CIImages{Path: file, supplemental: map[ImageTag]bool{}, backfilled: map[ImageTag]bool{}}}
	if root := d.root(data); root != nil {
		d.fields(root, "the file", map[string]func(key, value *yaml.Node){
			keySupplemental: func(_, value *yaml.Node) { d.images(value, keySupplemental, d.out.supplemental, d.supplemental) },
			keyBackfill:     func(_, value *yaml.Node) { d.images(value, keyBackfill, d.out.backfilled, d.backfill) },
			keyIgnored:      func(_, value *yaml.Node) { d.each(value, keyIgnored, d.ignored) },
			keyART:          func(_, value *yaml.Node) { d.each(value, keyART, d.art) },
		})
	} else {
		d.out.Unread = len(d.problems) > 0
	}
	d.problems = append(d.problems, d.warnings...)
	d.out.Problems = d.sorted()
	return d.out
}

type ciImagesDecoder struct {
	yamlReader
	warnings []source.Problem
	out      *CIImages
}

// fields reads a mapping with known keys, which are case-insensitive as in
// ci-images-mirror.
func (d *ciImagesDecoder) fields(n *yaml.Node, what string, known map[string]func(key, value *yaml.Node)) {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	seen := map[string]*yaml.Node{}
	d.pairs(Resolve(n), what, func(key, value *yaml.Node) {
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, key.Value) })
		switch {
		case i < 0:
			d.problem(d.at(key), fmt.Sprintf("unknown setting %q", key.Value), likelySetting(key.Value, names))
		case seen[names[i]] != nil:
			d.twice(key, seen[names[i]], names[i])
		default:
			seen[names[i]] = key
			known[names[i]](key, Resolve(value))
		}
	})
}

// each calls f for each item of a list.
func (d *ciImagesDecoder) each(n *yaml.Node, what string, f func(item *yaml.Node)) {
	if n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.kind(n, what, "a list")
		return
	}
	for _, item := range n.Content {
		f(Resolve(item))
	}
}

func (d *ciImagesDecoder) images(n *yaml.Node, what string, targets map[ImageTag]bool, f func(i CIImage, value *yaml.Node)) {
	if n.Tag == "!!null" {
		return
	}
	d.pairs(n, what, func(key, value *yaml.Node) {
		i := CIImage{Key: key.Value, Pos: d.at(key)}
		before := len(d.problems)
		d.target(&i)
		if len(d.problems) > before {
			i.Target = ImageTag{} // the source is checked anyway
		} else {
			targets[i.Target] = true
		}
		f(i, Resolve(value))
	})
}

// target reads a key of the form namespace/name:tag. The namespace does not
// have to exist in a cluster: in openshift/ci it is only a part of a tag.
func (d *ciImagesDecoder) target(i *CIImage) {
	namespace, rest, _ := strings.Cut(i.Key, "/")
	name, tag, _ := strings.Cut(rest, ":")
	i.Target = ImageTag{Stream{namespace, name}, tag}
	if namespace == "" || name == "" || tag == "" || strings.ContainsAny(name+tag, "/:") {
		d.problem(i.Pos, fmt.Sprintf("the target %q is not of the form namespace/name:tag", i.Key), "write it as in ci/base:1.0")
		return
	}
	if _, problems := mapping.ParseReference(CIRegistry+"/"+i.Key, i.Pos, false); len(problems) > 0 {
		d.problem(i.Pos, fmt.Sprintf("the target %s cannot be an image stream tag", i.Key), problems[0].Hint)
	} else if joined := i.Target.Joined(); !mapping.ValidTag(joined) {
		d.problem(i.Pos, fmt.Sprintf("the target %s cannot be a tag of %s: it has %d characters, and 128 are possible", i.Key, QCIRepository, len(joined)), "use shorter names")
	}
}

// supplemental reads an entry whose source may be in any registry.
func (d *ciImagesDecoder) supplemental(i CIImage, value *yaml.Node) {
	before := len(d.problems)
	i.From = d.source(value, keySupplemental+" "+i.Key, nil)
	if len(d.problems) > before || i.Target == (ImageTag{}) {
		return
	}
	if d.pair(&i, QCIRepository+":"+i.Target.Joined()) {
		d.out.Supplemental = append(d.out.Supplemental, i)
	}
}

// namespaceForm matches a Kubernetes label (RFC 1123).
var namespaceForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// backfill reads an entry whose source is in openshift/ci: by default the tag
// in its key.
func (d *ciImagesDecoder) backfill(i CIImage, value *yaml.Node) {
	what := keyBackfill + " " + i.Key
	from := CISource{Pos: i.Pos}
	if ns := i.Target.Namespace; ns != "" && !namespaceForm.MatchString(ns) {
		d.problem(i.Pos, fmt.Sprintf("the target %s: %q cannot be a namespace of the CI registry", i.Key, ns), "use lower-case letters, digits and hyphens")
		return
	}
	if value.Tag != "!!null" {
		fields, ok := d.readSource(value, what, nil)
		if !ok {
			return
		}
		if fields.given("namespace") || fields.given("name") || fields.given("tag") {
			d.problem(d.at(value), what+": namespace, name and tag have no meaning here", "write image, or nothing for the tag that the key names")
			return
		}
		if fields.given("image") {
			from.Image, from.Pos = fields.values["image"], fields.at["image"]
		}
	}
	if i.Target == (ImageTag{}) {
		return
	}
	if from.Image == "" {
		from.Image = QCIProxyRepository + ":" + i.Target.Joined()
	}
	i.From = from
	ref, _ := mapping.ParseReference(from.Image, from.Pos, true)
	if !QuayCI(ref) {
		d.problem(from.Pos, fmt.Sprintf("%s: the source %s is not in %s", what, from.Image, QCIRepository), "only "+QCIRepository+" and "+QCIProxyRepository+" are possible")
		return
	}
	if d.pair(&i, CIRegistry+"/"+i.Key) {
		d.out.Backfills = append(d.out.Backfills, i)
	}
}

// pair makes the copy of an entry.
func (d *ciImagesDecoder) pair(i *CIImage, destination string) bool {
	src, problems := mapping.ParseReference(i.From.Spec(), i.From.Pos, true)
	dst, more := mapping.ParseReference(destination, i.Pos, false)
	for _, p := range append(problems, more...) {
		d.problem(p.Pos, i.Key+": "+p.Message, p.Hint)
	}
	if len(problems)+len(more) > 0 {
		return false
	}
	if src.Canonical() == dst.Canonical() {
		d.problem(i.From.Pos, fmt.Sprintf("%s is copied to itself", i.Key), "name another source")
		return false
	}
	if src.Wildcard() {
		d.problem(i.From.Pos, fmt.Sprintf("%s: the source %s has no tag", i.Key, src.Text), "name the tag, or the digest")
		return false
	}
	i.Pair = mapping.Pair{Source: src, Destination: dst}
	return true
}

func (d *ciImagesDecoder) ignored(item *yaml.Node) {
	i := IgnoredSource{}
	before := len(d.problems)
	i.CISource = d.source(item, keyIgnored, func(reason string) { i.Reason = reason })
	if len(d.problems) == before {
		d.out.Ignored = append(d.out.Ignored, i)
	}
}

func (d *ciImagesDecoder) art(item *yaml.Node) {
	p := StreamPattern{Pos: d.at(item)}
	before := len(d.problems)
	expression := func(into **regexp.Regexp, pos *source.Position, what string) func(key, value *yaml.Node) {
		return func(_, value *yaml.Node) {
			*pos = d.at(value)
			text := d.text(value, keyART+": "+what)
			if text == "" {
				return
			}
			re, err := regexp.Compile(text)
			if err != nil {
				d.problem(*pos, fmt.Sprintf("%s: %s is not a valid expression: %v", keyART, what, err), "correct it: it is a regular expression of Go")
			}
			*into = re
		}
	}
	d.fields(item, keyART, map[string]func(key, value *yaml.Node){
		"namespace": func(_, value *yaml.Node) { p.Namespace = d.text(value, keyART+": namespace") },
		"Name":      expression(&p.Name, &p.NamePos, "Name"),
		"Tag":       expression(&p.Tag, &p.TagPos, "Tag"),
	})
	if len(d.problems) > before {
		return
	}
	if p.Namespace == "" {
		d.problem(p.Pos, keyART+": namespace is missing", "add it")
	}
	if p.Name == nil {
		d.problem(p.Pos, keyART+": Name is missing", "add it: a regular expression for the streams")
	}
	if len(d.problems) == before {
		d.out.ART = append(d.out.ART, p)
	}
}
