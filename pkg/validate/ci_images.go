package validate

import (
	"bytes"
	"iter"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func ciImages() Rule {
	const head = "-- core-services/image-mirroring/_config.yaml --\nsupplementalCIImages:\n"
	return Rule{
		ID:    "ci-images",
		Title: "mistakes in core-services/image-mirroring/_config.yaml",
		Why: "This file copies outside images into the CI registry. If ci-images-mirror cannot read it, " +
			"it copies nothing. If something else also pushes a target, " +
			"the target holds whichever image was pushed last. A missing or wrong source shows up days later, " +
			"in the tests that use the image.",
		Fix:      "Correct the reported entry.",
		Severity: source.Error,
		Bad: head + `  ci/app:v1:
    image: docker.io/org/app:v1
`,
		Good: head + `  ci/app:v1:
    image: quay.io/org/app:v1
`,
		Check: checkCIImages,
	}
}

func checkCIImages(p *Pass) {
	images := p.tree.CIImages()
	for _, problem := range images.Problems {
		p.problem(problem)
	}
	all := images.All()
	if len(all) == 0 && len(images.Ignored) == 0 && len(images.ART) == 0 {
		return
	}
	checkEntries(p, all)
	c := &ciImagesCheck{Pass: p, images: images, all: all}
	c.oneTag()
	c.ignoredSources()
	c.written()
	if !p.known(p.noConfigs()) {
		return
	}
	skipBroken(p)
	c.promoted()
	c.sources()
	c.wanted()
	c.expressions()
}

// ciImagesCheck compares the entries of the configuration with the rest of the
// tree.
type ciImagesCheck struct {
	*Pass
	images *release.CIImages
	all    []release.CIImage // of images
}

// ciEntries compares each entry with the others.
type ciEntries struct {
	*Pass
	all        []release.CIImage
	streams    map[release.Stream][]int // indices in all
	namespaces map[string]int           // number of targets in each namespace
	retired    []string
	hosts      map[string]int // number of references to each registry
}

func checkEntries(p *Pass, all []release.CIImage) {
	c := &ciEntries{Pass: p, all: all, streams: map[release.Stream][]int{}, namespaces: map[string]int{}, retired: retiredRegistries(p), hosts: hostCounts(p)}
	for n, i := range all {
		c.streams[i.Target.Stream] = append(c.streams[i.Target.Stream], n)
		c.namespaces[i.Target.Namespace]++
	}
	for _, i := range all {
		c.registry(i)
		c.tag(i)
		c.version(i)
		c.name(i)
		c.namespace(i)
	}
}

// hostCounts counts the registries that the tree reads from.
func hostCounts(p *Pass) map[string]int {
	counts := map[string]int{}
	for _, m := range p.tree.Mappings() {
		for e := range m.Entries() {
			counts[e.Source.Host()]++
		}
	}
	for _, i := range p.tree.CIImages().All() {
		counts[i.Pair.Source.Host()]++
	}
	return counts
}

// registry reports a source on a registry that ci-images-mirror rejects, that
// is retired, or that differs by one letter from a known one. It also reports
// the address of a web page.
func (c *ciEntries) registry(i release.CIImage) {
	host, name := i.Pair.Source.Host(), i.Pair.Source.Canonical()
	page, image := webPage(i.Pair.Source)
	switch {
	case host == "docker.io":
		c.Report(i.From.Pos, "mirror it from quay.io or another registry without a pull limit",
			"%s is pulled from Docker Hub, which limits anonymous pulls: ci-images-mirror refuses it for a new entry", name)
	case slices.Contains(c.retired, host):
		c.Report(i.From.Pos, "name its successor", "%s is read from %s, which is retired", name, host)
	case page:
		c.Report(i.From.Pos, "name the image: "+image, "%s is the address of a web page, not of an image", i.Pair.Source.Text)
	case c.hosts[host] == 1 && !slices.Contains(wellKnown, host):
		for _, other := range slices.Concat(wellKnown, sortedKeys(c.hosts)) {
			if (c.hosts[other] >= 5 || slices.Contains(wellKnown, other)) && oneOff(other, host) {
				c.Report(i.From.Pos, "did you mean "+other+"?", "%s, the registry of %s, is one letter away from %s", host, name, other)
				return
			}
		}
	}
}

// namespace reports a namespace with one target that differs by one letter from
// one with many targets and is nowhere else in the tree.
func (c *ciEntries) namespace(i release.CIImage) {
	count := c.namespaces
	own := i.Target.Namespace
	if _, known := c.tree.Manifests().Namespaces[own]; known || count[own] > 1 {
		return
	}
	for _, name := range sortedKeys(count) {
		if count[name] >= 5 && oneOff(name, own) {
			c.ReportAs(source.Warning, i.Pos, "did you mean "+name+"?", "%s: the namespace %s is one letter away from %s, which %d other targets are in", i.Key, own, name, count[name])
			return
		}
	}
}

// neighbours visits the other entries of the same stream.
func (c *ciEntries) neighbours(i release.CIImage) iter.Seq[*release.CIImage] {
	return func(yield func(*release.CIImage) bool) {
		for _, n := range c.streams[i.Target.Stream] {
			if c.all[n].Pos != i.Pos && !yield(&c.all[n]) {
				return
			}
		}
	}
}

// oneTag reports two targets with the same tag of openshift/ci.
func (c *ciImagesCheck) oneTag() {
	first := map[string]release.CIImage{}
	for _, i := range c.images.Supplemental {
		joined := i.Target.Joined()
		other, taken := first[joined]
		if !taken {
			first[joined] = i
			continue
		}
		f := c.Report(i.Pos, "rename one of the two", "%s and %s are both copied to %s: the last copy wins", other.Key, i.Key, i.Pair.Destination.Exact())
		f.Related = append(f.Related, Related{Pos: other.Pos, Message: "the other one"})
	}
}

// ignoredSources reports ignored sources without an effect.
func (c *ciImagesCheck) ignoredSources() {
	seen := map[string]source.Position{}
	for _, s := range c.images.Ignored {
		name := s.Spec()
		if pos, ok := seen[name]; ok {
			f := c.ReportAs(source.Warning, s.Pos, "remove one of the two", "the source %s is ignored twice", name)
			f.Related = append(f.Related, Related{Pos: pos, Message: "ignored here, too"})
			continue
		}
		seen[name] = s.Pos
		if !c.copies(s) {
			c.ReportAs(source.Warning, s.Pos, "remove it, or correct the source", "nothing is copied from %s, so there is nothing to ignore", name)
		}
	}
}

// copies reports whether an entry or an expression of artImages has an ignored
// source.
func (c *ciImagesCheck) copies(s release.IgnoredSource) bool {
	if slices.ContainsFunc(c.all, func(i release.CIImage) bool { return i.From.Spec() == s.Spec() }) {
		return true
	}
	if len(c.images.Problems) > 0 && bytes.Count(c.tree.Text(c.images.Path), []byte("image: "+s.Spec()+"\n")) > 1 {
		return true // in a part that cannot be read
	}
	tag, ok := s.ImageTag()
	return ok && slices.ContainsFunc(c.images.ART, func(p release.StreamPattern) bool { return p.Covers(tag) })
}
