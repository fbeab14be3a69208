package release

import (
	"path"
	"regexp"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// The registries and repositories of CI images.
const (
	// CIRegistry is the registry of the CI cluster.
	CIRegistry = "registry.ci.openshift.org"
	// OldCIRegistry is the name that it had until 2020.
	OldCIRegistry = "registry.svc.ci.openshift.org"
	// QCIRepository holds the images that ci-operator promotes, with a tag for
	// each image stream tag.
	QCIRepository = "quay.io/openshift/ci"
	// QCIProxyRepository is the proxy of that repository for the CI clusters.
	QCIProxyRepository = "quay-proxy.ci.openshift.org/openshift/ci"
	// QCIPublicRepository holds the tags that everybody may pull.
	QCIPublicRepository = "quay.io/openshift/ci-public"
)

// ciRegistry reports whether a host is the registry of the CI cluster.
func ciRegistry(host string) bool { return host == CIRegistry || host == OldCIRegistry }

// CITag returns the image stream tag of a reference to a CI image. Its tag is
// "" or a pattern if that of the reference is. CITag returns false for other
// references. The repository openshift/ci on quay.io holds what ci-operator
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

// CITarget is CITag for destinations: it covers the places that ci-operator
// promotes to, not the copies of them.
func (t *Tree) CITarget(r mapping.Reference) (ImageTag, bool) {
	if publicCI(r) || Pruned(r) {
		return ImageTag{}, false
	}
	return t.CITag(r)
}

// pruned matches the prefix of the tags of temporary copies.
var pruned = regexp.MustCompile(`^[0-9]{8,14}_prune_`)

// Pruned reports whether a reference is to an older copy in openshift/ci, which
// is never updated and eventually removed.
func Pruned(r mapping.Reference) bool { return QuayCI(r) && pruned.MatchString(r.Tag) }

// splitTag splits "namespace_stream_tag". A namespace contains no "_". Of the
// other splits it takes the one that the tree fills, else that at the last "_".
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

// splitPattern splits "namespace_stream_pattern": it takes the stream that the
// tree fills, else splits at the last "_" before the first "*". It returns
// false if the name of the stream is not literal.
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
// quay.io or to their proxy.
func QuayCI(r mapping.Reference) bool {
	return r.Repository == "openshift/ci" && (r.Host() == "quay.io" || r.Host() == "quay-proxy.ci.openshift.org")
}

// publicCI reports whether a reference is to the public copies.
func publicCI(r mapping.Reference) bool { return r.Host()+"/"+r.Repository == QCIPublicRepository }

// InCIRegistry reports whether a reference is to the registry of the CI cluster
// itself, where roles in a namespace grant pulling.
func InCIRegistry(r mapping.Reference) bool { return ciRegistry(r.Host()) }

// ConfigName returns the usual name of a ci-operator config: "org/repo@branch",
// with the variant in brackets.
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
