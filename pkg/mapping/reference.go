package mapping

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Reference is one image reference of a mapping file, with its position.
type Reference struct {
	Pos  source.Position
	Text string // as written

	// Scheme is "" for a registry, or "file" or "s3" for the other targets of
	// oc image mirror, of which only Text is set.
	Scheme string
	// Registry is the host with its port, as written; "" means docker.io.
	Registry string
	// Repository is the path below the registry, such as "openshift/origin-cli".
	Repository string
	// Tag is "" if the reference has no tag. In a source it may contain "*"
	// wildcards.
	Tag string
	// Digest is "sha256:…" or "". In a source it takes precedence over the tag.
	Digest string
}

// Exact returns the reference as written, without defaults. oc image mirror
// detects duplicate destinations by it.
func (r Reference) Exact() string { return r.join(r.Registry, r.Repository) }

// Canonical returns the reference with the defaults of a registry client filled
// in: docker.io for a missing host (and for its aliases), library/ for an
// official image, one spelling of the host. The tag does not change.
func (r Reference) Canonical() string { return r.join(r.Host(), r.Path()) }

// CanonicalRepository returns Canonical without tag and digest.
func (r Reference) CanonicalRepository() string {
	if r.Scheme != "" {
		return r.Text
	}
	return r.Host() + "/" + r.Path()
}

// Host returns the registry's host and port after defaults, such as "quay.io"
// or "docker.io", in lower case and without port 443.
func (r Reference) Host() string {
	switch host := strings.TrimSuffix(strings.ToLower(r.Registry), ":443"); host {
	case "", "index.docker.io", "registry-1.docker.io":
		return "docker.io"
	default:
		return host
	}
}

// Path returns the repository's path after defaults: an official image of
// docker.io gets "library/".
func (r Reference) Path() string {
	if r.Host() == "docker.io" && !strings.Contains(r.Repository, "/") {
		return "library/" + r.Repository
	}
	return r.Repository
}

// Wildcard reports whether the reference matches several tags: a "*" in the
// tag, or, as a source, neither tag nor digest (all tags of the repository).
func (r Reference) Wildcard() bool {
	return r.Scheme == "" && r.Digest == "" && (r.Tag == "" || strings.Contains(r.Tag, "*"))
}

// Tags returns the tag or its pattern, which is "*" for a source with neither
// tag nor digest.
func (r Reference) Tags() string {
	if r.Tag == "" && r.Wildcard() {
		return "*"
	}
	return r.Tag
}

func (r Reference) join(host, path string) string {
	if r.Scheme != "" {
		return r.Text
	}
	var b strings.Builder
	if host != "" {
		b.WriteString(host)
		b.WriteByte('/')
	}
	b.WriteString(path)
	if r.Tag != "" {
		b.WriteByte(':')
		b.WriteString(r.Tag)
	}
	if r.Digest != "" {
		b.WriteByte('@')
		b.WriteString(r.Digest)
	}
	if s := b.String(); s != r.Text {
		return s
	}
	return r.Text // which is kept anyway
}
