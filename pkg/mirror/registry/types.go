package registry

import (
	_ "crypto/sha256" // the digests that references may have
	_ "crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Repository is one repository of one registry.
type Repository struct {
	Host string // with port; "docker.io" for Docker Hub
	Path string // such as "library/alpine"
	// Push requests credentials and tokens that may write. It is part of the
	// value so that a destination uses one token from first to last.
	Push bool
	// Destination says that images are copied to this repository, also in a dry
	// run: that an image does not exist yet is normal.
	Destination bool
}

// String returns host/path.
func (r Repository) String() string { return r.Host + "/" + r.Path }

// The media types of manifests.
const (
	OCIIndex       = "application/vnd.oci.image.index.v1+json"
	OCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	OCIArtifact    = "application/vnd.oci.artifact.manifest.v1+json" // never released, but in use
	DockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	DockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	DockerSchema1  = "application/vnd.docker.distribution.manifest.v1+json"
	DockerSigned1  = "application/vnd.docker.distribution.manifest.v1+prettyjws"
)

var manifestTypes = []string{OCIIndex, DockerList, OCIManifest, DockerManifest, OCIArtifact, DockerSigned1, DockerSchema1}

// accept is sent with every request for a manifest; a registry converts or
// hides types that it does not list.
var accept = strings.Join(manifestTypes, ", ")

// IsIndex reports whether a media type is that of an index.
func IsIndex(mediaType string) bool { return mediaType == OCIIndex || mediaType == DockerList }

// IsManifest reports whether a media type is that of a manifest of any kind.
func IsManifest(mediaType string) bool { return slices.Contains(manifestTypes, mediaType) }

// IsSchema1 reports whether a media type is one of Docker's schema 1.
func IsSchema1(mediaType string) bool {
	return mediaType == DockerSchema1 || mediaType == DockerSigned1
}

// PlatformName returns os/architecture[/variant], as oc's filter sees it.
func PlatformName(p ocispec.Platform) string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Manifest is a manifest as the registry holds it: its bytes are never changed.
type Manifest struct {
	MediaType string
	Digest    digest.Digest
	Body      []byte
}

// Is reports whether the manifest has a digest, of whatever algorithm.
func (m Manifest) Is(d digest.Digest) bool {
	return d == m.Digest || d.Validate() == nil && d == d.Algorithm().FromBytes(m.Body)
}

// Content is what a manifest refers to.
type Content struct {
	Children     []ocispec.Descriptor // of an index, in order
	Blobs        []ocispec.Descriptor // config first, then layers
	Subject      *ocispec.Descriptor
	ArtifactType string
}

// ErrSchema1 means that an image is in Docker's schema 1, whose digest no
// current registry keeps.
var ErrSchema1 = errors.New("the image is in docker's schema 1 format, which is not supported: rebuild it, or push it again with a current tool")

// ManifestError means that a manifest is not of the type that its registry
// reports.
type ManifestError struct {
	Digest digest.Digest // "" if there is no manifest
	Text   string        // such as "refers to \"x\", which is not a digest"
}

func (e *ManifestError) Error() string {
	if e.Digest == "" {
		return e.Text
	}
	return fmt.Sprintf("manifest %s %s", e.Digest, e.Text)
}

func (m Manifest) wrong(format string, args ...any) error {
	return &ManifestError{m.Digest, fmt.Sprintf(format, args...)}
}

// Limits of the content of a manifest.
const (
	// maxValues is the limit of values in its JSON; 10,000 layers with
	// annotations have about 100,000.
	maxValues = 200_000
	// maxParts is the limit of manifests, blobs and annotations together: each of
	// the first two takes some hundred bytes of memory, however short its text is.
	maxParts = 25_000
	// maxSize is the largest size in bytes that is accepted anywhere.
	maxSize = 1 << 50
)

// moderate reports whether JSON has at most so many values. It reads only
// bytes, so that hostile JSON is found before it takes memory.
func moderate(data []byte, most int) bool {
	values, text := 1, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case !text && (c == ',' || c == '{' || c == '['):
			if values++; values > most {
				return false
			}
		}
	}
	return true
}

// parts counts the elements of the lists in a JSON object, and those of the objects
// in it.
func parts(data []byte) int {
	n, depth, text := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{', c == '[':
			if depth++; depth == 2 {
				n++
			}
		case c == '}', c == ']':
			depth--
		case c == ',' && depth == 2:
			n++
		}
	}
	return n
}

func (m Manifest) immoderate() error {
	return m.wrong("has more than %d values: too many manifests, blobs or annotations", maxValues)
}

// bounded returns an error for a manifest that would take much memory once it is
// decoded.
func (m Manifest) bounded() error {
	switch {
	case !moderate(m.Body, maxValues):
		return m.immoderate()
	case parts(m.Body) > maxParts:
		return m.wrong("has more than %d manifests, blobs and annotations", maxParts)
	}
	return nil
}

// plausible reports whether the bytes are a manifest of some kind, and not a
// page or an error that the registry sends with 200.
func (m Manifest) plausible() bool {
	var raw map[string]json.RawMessage
	if json.Unmarshal(m.Body, &raw) != nil {
		return false
	}
	for _, key := range []string{"schemaVersion", "mediaType", "manifests", "config", "layers", "blobs"} {
		if raw[key] != nil {
			return true
		}
	}
	return false
}

// Content reads the manifest; the error is [ErrSchema1] or a [*ManifestError].
// Every digest in it is valid, and every size is between 0 and 1 PiB.
func (m Manifest) Content() (Content, error) {
	if IsSchema1(m.MediaType) {
		return Content{}, ErrSchema1
	}
	if !moderate(m.Body, maxValues) {
		return Content{}, m.immoderate()
	}
	var raw struct {
		Manifests    []ocispec.Descriptor `json:"manifests"`
		Config       *ocispec.Descriptor  `json:"config"`
		Layers       []ocispec.Descriptor `json:"layers"`
		Blobs        []ocispec.Descriptor `json:"blobs"`
		Subject      *ocispec.Descriptor  `json:"subject"`
		ArtifactType string               `json:"artifactType"`
	}
	if err := json.Unmarshal(m.Body, &raw); err != nil {
		return Content{}, m.wrong("is not valid JSON of its media type: %v", err)
	}
	// A registry may send an error instead of a manifest, with 200.
	if raw.Config == nil && raw.Layers == nil && raw.Blobs == nil && m.MediaType != OCIArtifact && !IsIndex(m.MediaType) {
		return Content{}, fmt.Errorf("manifest %s has no config and no layers: the response may not be a manifest", m.Digest)
	}
	c := Content{Subject: raw.Subject, ArtifactType: raw.ArtifactType}
	if IsIndex(m.MediaType) {
		c.Children = raw.Manifests
	} else {
		if raw.Config != nil {
			c.Blobs = append(c.Blobs, *raw.Config)
		}
		c.Blobs = append(append(c.Blobs, raw.Layers...), raw.Blobs...)
	}
	for _, list := range [][]ocispec.Descriptor{c.Children, c.Blobs} {
		for _, d := range list {
			if err := d.Digest.Validate(); err != nil {
				return Content{}, m.wrong("refers to %.100q, which is not a digest", string(d.Digest))
			}
			if d.Size < 0 || d.Size > maxSize {
				return Content{}, m.wrong("gives %s the size %d", d.Digest, d.Size)
			}
		}
	}
	return c, nil
}

// holdsOthers reports whether the manifest is an index of something other than
// manifests, such as a BuildKit cache.
func (m Manifest) holdsOthers() bool {
	content, err := m.Content()
	return err == nil && slices.ContainsFunc(content.Children, func(d ocispec.Descriptor) bool { return d.MediaType != "" && !IsManifest(d.MediaType) })
}

// mediaTypeOf returns a manifest's type: that of the header if it is one of
// ours, otherwise that of the body or the one that the body looks like.
func mediaTypeOf(header string, body []byte) string {
	kind, _, err := mime.ParseMediaType(header)
	if i := slices.Index(manifestTypes, kind); err == nil && i >= 0 {
		return manifestTypes[i] // which does not keep all headers in memory
	}
	var raw struct {
		MediaType     string          `json:"mediaType"`
		SchemaVersion int             `json:"schemaVersion"`
		Manifests     json.RawMessage `json:"manifests"`
		Signatures    json.RawMessage `json:"signatures"`
	}
	if json.Unmarshal(body, &raw) != nil {
		return kind
	}
	switch {
	case raw.MediaType != "":
		return raw.MediaType
	case raw.SchemaVersion == 1 && raw.Signatures != nil:
		return DockerSigned1
	case raw.SchemaVersion == 1:
		return DockerSchema1
	case raw.Manifests != nil:
		return OCIIndex
	default:
		return OCIManifest
	}
}
