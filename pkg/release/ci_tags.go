package release

import (
	"path"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// Where images of CI lie.
const (
	// CIRegistry is the registry of the CI cluster.
	CIRegistry = "registry.ci.openshift.org"
	// QCIRepository holds what ci-operator promotes, a tag for each image stream tag.
	QCIRepository = "quay.io/openshift/ci"
	// QCIProxyRepository is the same repository as the CI clusters read it.
	QCIProxyRepository = "quay-proxy.ci.openshift.org/openshift/ci"
	// QCIPublicRepository holds those of its tags that everybody may pull.
	QCIPublicRepository = "quay.io/openshift/ci-public"
)

// ciRegistry says whether a host is the registry of the CI cluster, by its
// name of today or by the one that it had until 2020.
func ciRegistry(host string) bool {
	return host == "registry.ci.openshift.org" || host == "registry.svc.ci.openshift.org"
}

// CITag gives the tag of an image stream that a reference stands for, with ""
// or a pattern as its tag where the reference has that; false when it is no
// image of the CI registry. The repository openshift/ci on quay.io holds copies
// of what ci-operator promotes, as tags "namespace_stream_tag".
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
	case QuayCI(r) && r.Digest == "" && !r.Wildcard():
		return t.splitTag(r.Tag)
	}
	return ImageTag{}, false
}

// splitTag takes "namespace_stream_tag" apart. A namespace has no "_", the two
// others may: what fills a tag tells, else the last "_" counts.
func (t *Tree) splitTag(joined string) (ImageTag, bool) {
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

// QuayCI says whether a reference is to the copies of promoted images on
// quay.io, or to the proxy before them.
func QuayCI(r mapping.Reference) bool {
	return r.Repository == "openshift/ci" && (r.Host() == "quay.io" || r.Host() == "quay-proxy.ci.openshift.org")
}

// ConfigName gives a ci-operator config as people speak of it:
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
