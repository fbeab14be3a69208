package validate

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// ciRegistry says whether a host is the registry of the CI cluster, by its
// name of today or by the one that it had until 2020.
func ciRegistry(host string) bool {
	return host == "registry.ci.openshift.org" || host == "registry.svc.ci.openshift.org"
}

// ciTag gives the tag of an image stream that a reference stands for, with ""
// or a pattern as its tag where the reference has that; false when it is no
// image of the CI registry. The repository openshift/ci on quay.io holds copies
// of what ci-operator promotes, as tags "namespace_stream_tag".
func (f *facts) ciTag(r mapping.Reference) (release.ImageTag, bool) {
	switch {
	case r.Scheme != "":
		return release.ImageTag{}, false
	case ciRegistry(r.Host()):
		namespace, name, ok := strings.Cut(r.Repository, "/")
		if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
			return release.ImageTag{}, false
		}
		return release.ImageTag{Stream: release.Stream{Namespace: namespace, Name: name}, Tag: r.Tag}, true
	case quayCI(r) && r.Digest == "" && !r.Wildcard():
		return f.splitTag(r.Tag)
	}
	return release.ImageTag{}, false
}

// splitTag takes "namespace_stream_tag" apart. A namespace has no "_", the two
// others may: what fills a tag tells, else the last "_" counts.
func (f *facts) splitTag(joined string) (release.ImageTag, bool) {
	if tag, ok := f.tree.Promotions().Joined(joined); ok {
		return tag, true
	}
	namespace, rest, ok := strings.Cut(joined, "_")
	var tag release.ImageTag
	for i := range rest {
		if rest[i] != '_' {
			continue
		}
		tag = release.ImageTag{Stream: release.Stream{Namespace: namespace, Name: rest[:i]}, Tag: rest[i+1:]}
		if f.tree.Promotions().Filled(tag) || f.tree.Manifests().Declared(tag) {
			return tag, true
		}
	}
	return tag, ok && tag.Name != ""
}

// quayCI says whether a reference is to the copies of promoted images on
// quay.io, or to the proxy before them.
func quayCI(r mapping.Reference) bool {
	return r.Repository == "openshift/ci" && (r.Host() == "quay.io" || r.Host() == "quay-proxy.ci.openshift.org")
}

// noConfigs says why nothing is known about promotions, or "".
func (f *facts) noConfigs() string {
	if f.tree.Promotions().Configs == 0 {
		return "no " + release.ConfigDir + " in the tree"
	}
	return ""
}

// noAccess says why nothing is known about who may do what in the CI registry,
// or "".
func (f *facts) noAccess() string {
	if len(f.tree.Manifests().Grants) == 0 {
		return "no role bindings in the tree"
	}
	return ""
}

// skipBroken says which files about promotions could not be read.
func (p *pass) skipBroken() {
	for _, problem := range p.tree.Promotions().Problems {
		p.skip("%s", problem.Error())
	}
}

// configName gives a ci-operator config as people speak of it:
// "org/repo@branch", with the variant in brackets.
func configName(file string) string {
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

// effective gives the first promotion of a tag that takes effect by itself.
func (f *facts) effective(tag release.ImageTag) (release.Promotion, bool) {
	all := f.tree.Promotions().Of(tag)
	i := slices.IndexFunc(all, func(p release.Promotion) bool { return !p.Disabled && !p.Optional })
	if i < 0 {
		return release.Promotion{}, false
	}
	return all[i], true
}

// some lists the first of several names, and how many more there are.
func some(names []string, most int) string {
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}
