package mapping

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Reference is one image reference of a mapping file, with its position.
type Reference struct {
	Pos  source.Position
	Text string // as written

	// Scheme is "" for a registry, or "file" or "s3" for the two other targets
	// of oc image mirror; then only Text says more.
	Scheme string
	// Registry is the host with its port, as written; "" when the reference
	// names none, which means docker.io.
	Registry string
	// Repository is the path below the registry, such as "openshift/origin-cli".
	Repository string
	// Tag may hold "*" wildcards in a source; "" when none is given.
	Tag string
	// Digest is "sha256:…" or ""; it wins over the tag in a source.
	Digest string
}

// Exact returns the reference in its parts as written, without any default:
// the key by which oc image mirror finds a destination named twice.
func (r Reference) Exact() string { return r.join(r.Registry, r.Repository) }

// Canonical returns the reference with the defaults of a registry client filled
// in: docker.io for a missing host (and for its aliases), library/ for an
// official image, one spelling of the host. The tag is left as it is.
func (r Reference) Canonical() string { return r.join(r.Host(), r.Path()) }

// CanonicalRepository is Canonical without tag and digest.
func (r Reference) CanonicalRepository() string {
	if r.Scheme != "" {
		return r.Text
	}
	return r.Host() + "/" + r.Path()
}

// Host is the registry's host and port after defaults, such as "quay.io" or
// "docker.io": in lower case, and without the port of HTTPS.
func (r Reference) Host() string {
	switch host := strings.TrimSuffix(strings.ToLower(r.Registry), ":443"); host {
	case "", "index.docker.io", "registry-1.docker.io":
		return "docker.io"
	default:
		return host
	}
}

// Path is the repository's path after defaults: "library/" is added to an
// official image of docker.io.
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
