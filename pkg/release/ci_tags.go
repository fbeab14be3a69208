package release

import (
	"path"
	"regexp"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// Where images of CI lie.
const (
	// CIRegistry is the registry of the CI cluster.
	CIRegistry = "registry.ci.openshift.org"
	// OldCIRegistry is the name that it had until 2020.
	OldCIRegistry = "registry.svc.ci.openshift.org"
	// QCIRepository holds what ci-operator promotes, a tag for each image stream tag.
	QCIRepository = "quay.io/openshift/ci"
	// QCIProxyRepository is the same repository as the CI clusters read it.
	QCIProxyRepository = "quay-proxy.ci.openshift.org/openshift/ci"
	// QCIPublicRepository holds those of its tags that everybody may pull.
	QCIPublicRepository = "quay.io/openshift/ci-public"
)

// ciRegistry reports whether a host is the registry of the CI cluster.
func ciRegistry(host string) bool { return host == CIRegistry || host == OldCIRegistry }

// CITag returns the tag of an image stream whose image a reference names, with
// "" or a pattern as its tag where the reference has that; false when it is no
// image of CI. The repository openshift/ci on quay.io holds what ci-operator
// promotes, as tags "namespace_stream_tag", and older copies of it as
// "time_prune_namespace_stream_tag"; openshift/ci-public has some of them.
func (t *Tree) CITag(r mapping.Reference) (ImageTag, bool) {
	switch {
	case r.Scheme != "":
		return ImageTag{}, false
	case ciRegistry(r.Host()):
		namespace, name, ok := strings.Cut(r.Repository, "/")
		if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
			return ImageTag{}, false
		}
		return ImageTag{Stream: Stream{Namespace: namespace, Name: name}, Tag: r.Tag}, true
	case (QuayCI(r) || publicCI(r)) && r.Digest == "":
		joined := strings.TrimPrefix(r.Tag, pruned.FindString(r.Tag))
		if r.Wildcard() {
			return splitPattern(t, joined)
		}
		return splitTag(t, joined)
	}
	return ImageTag{}, false
}

// CITarget is CITag for a destination: where ci-operator promotes to, and not
// the copies beside it.
func (t *Tree) CITarget(r mapping.Reference) (ImageTag, bool) {
	if publicCI(r) || Pruned(r) {
		return ImageTag{}, false
	}
	return t.CITag(r)
}

// pruned is the prefix of tags of copies that are kept for a while.
var pruned = regexp.MustCompile(`^[0-9]{8,14}_prune_`)

// Pruned reports whether a reference is to an older copy in openshift/ci, which
// is never updated and removed after a while.
func Pruned(r mapping.Reference) bool { return QuayCI(r) && pruned.MatchString(r.Tag) }

// splitTag takes "namespace_stream_tag" apart. A namespace has no "_", the two
// others may: what fills a tag tells, else the last "_" counts.
func splitTag(t *Tree, joined string) (ImageTag, bool) {
	if tag, ok := t.Promotions().Joined(joined); ok {
		return tag, true
	}
	namespace, rest, ok := strings.Cut(joined, "_")
	var tag ImageTag
	for i := range rest {
		if rest[i] != '_' {
			continue
		}
		tag = ImageTag{Stream: Stream{Namespace: namespace, Name: rest[:i]}, Tag: rest[i+1:]}
		if t.Promotions().Filled(tag) || t.Manifests().Declared(tag) {
			return tag, true
		}
	}
	return tag, ok && tag.Name != ""
}

// splitPattern takes "namespace_stream_pattern" apart: the stream that something
// fills counts, else the last "_" before the pattern's first "*". A pattern that
// leaves the stream open names no single stream.
func splitPattern(t *Tree, joined string) (ImageTag, bool) {
	namespace, rest, _ := strings.Cut(joined, "_")
	star := strings.IndexByte(rest, '*')
	if star < 0 { // in the namespace, or all tags
		return ImageTag{}, false
	}
	var tag ImageTag
	for i := range star {
		if rest[i] != '_' {
			continue
		}
		tag = ImageTag{Stream: Stream{Namespace: namespace, Name: rest[:i]}, Tag: rest[i+1:]}
		if t.Promotions().Fills(tag.Stream) {
			return tag, true
		}
	}
	return tag, tag.Name != ""
}

// QuayCI reports whether a reference is to the copies of promoted images on
// quay.io, or to the proxy before them.
func QuayCI(r mapping.Reference) bool {
	return r.Repository == "openshift/ci" && (r.Host() == "quay.io" || r.Host() == "quay-proxy.ci.openshift.org")
}

// publicCI reports whether a reference is to the copies that everybody may pull.
func publicCI(r mapping.Reference) bool { return r.Host()+"/"+r.Repository == QCIPublicRepository }

// InCIRegistry reports whether a reference is to the registry of the CI cluster
// itself, where the roles of a namespace say who may pull.
func InCIRegistry(r mapping.Reference) bool { return ciRegistry(r.Host()) }

// ConfigName returns a ci-operator config as people speak of it:
// "org/repo@branch", with the variant in brackets.
func ConfigName(file string) string {
	dir := path.Dir(file)
	repo := path.Base(dir)
	org := path.Base(path.Dir(dir))
	branch, ok := strings.CutPrefix(strings.TrimSuffix(path.Base(file), ".yaml"), org+"-"+repo+"-")
	if !ok {
		return file
	}
	branch, variant, varied := strings.Cut(branch, "__")
	if varied {
		variant = " [" + variant + "]"
	}
	return org + "/" + repo + "@" + branch + variant
}
