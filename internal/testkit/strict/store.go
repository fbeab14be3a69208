// Package strict is an in-memory registry that strictly follows the OCI
// distribution specification, for mistakes that a lenient registry hides:
//
//   - a blob belongs to the repositories it was sent to or mounted in;
//   - a manifest is refused while anything it refers to is not in its repository;
//   - a manifest whose type is not in the Accept header does not exist;
//   - an upload goes on only where it was last told to, at the right offset.
//
// [Options] turn on what some registries do differently. Faults and lies are
// put before it with [testkit.Recorder].
package strict

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// Options are what registries do differently. They are set before the first
// request.
type Options struct {
	Sparse      bool  // an index is taken without its children
	Immutable   bool  // a tag that exists is not written again, not even the same
	NoMount     bool  // a mount is answered with an upload
	NoReferrers bool  // the referrers API does not exist
	PageSize    int   // of lists of tags and referrers; 0: 1000
	MinChunk    int64 // least size of every chunk but the last (OCI-Chunk-Min-Length)
	MaxBody     int64 // of a request; larger ones get 413
	TakeAtMost  int64 // bytes of each chunk that are kept
	// Refuse returns the reason why a manifest is refused, or "".
	Refuse func(mediaType string, body []byte) (why string)
	// ListedTags are in lists of tags although nothing has them.
	ListedTags []string
}

// Registry is the registry. The zero value is not usable; see [New].
type Registry struct {
	opts Options

	mu      sync.Mutex
	repos   repositories
	uploads map[string]*upload
	serial  int
}

type repo struct {
	blobs     map[digest.Digest][]byte
	manifests map[digest.Digest]manifest
	tags      map[string]digest.Digest
}

type manifest struct {
	mediaType string
	body      []byte
}

// repositories are found by their names.
type repositories map[string]*repo

// at returns a repository and makes it when it does not exist. The caller
// holds the registry's lock.
func (all repositories) at(name string) *repo {
	r, ok := all[name]
	if !ok {
		r = &repo{map[digest.Digest][]byte{}, map[digest.Digest]manifest{}, map[string]digest.Digest{}}
		all[name] = r
	}
	return r
}

// New makes an empty registry.
func New(opts Options) *Registry {
	return &Registry{opts: opts, repos: repositories{}, uploads: map[string]*upload{}}
}

// Serve starts the registry on a loopback address, behind wrap when that is
// not nil. It may be served several times.
func (g *Registry) Serve(t testing.TB, wrap func(http.Handler) http.Handler) *testkit.Registry {
	t.Helper()
	h := http.Handler(g)
	if wrap != nil {
		h = wrap(h)
	}
	r := testkit.Serve(t, "strict", h)
	r.Behind = g
	return r
}

// Blob puts a blob into a repository.
func (g *Registry) Blob(name string, data []byte) v1.Descriptor {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := digest.FromBytes(data)
	g.repos.at(name).blobs[d] = data
	return describe(types.OCILayer, d, len(data))
}

// Manifest puts a manifest into a repository without asking what it refers to;
// content that is no []byte is written as JSON. tag may be "".
func (g *Registry) Manifest(name, tag string, mediaType types.MediaType, content any) v1.Descriptor {
	body, ok := content.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(content); err != nil {
			panic(err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	d := digest.FromBytes(body)
	r := g.repos.at(name)
	r.manifests[d] = manifest{string(mediaType), body}
	if tag != "" {
		r.tags[tag] = d
	}
	return describe(mediaType, d, len(body))
}

// Image puts an image of some layers into a repository; label makes it unlike
// all others.
func (g *Registry) Image(name, tag, label string, layers ...v1.Descriptor) v1.Descriptor {
	config := g.Blob(name, fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","config":{"Labels":{"test":%q}}}`, label))
	config.MediaType = types.OCIConfigJSON
	return g.Manifest(name, tag, types.OCIManifestSchema1, v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: layers,
	})
}

// Index puts an index into a repository.
func (g *Registry) Index(name, tag string, children ...v1.Descriptor) v1.Descriptor {
	return g.Manifest(name, tag, types.OCIImageIndex, v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: children,
	})
}

// For is a descriptor with a platform.
func For(os, architecture string, d v1.Descriptor) v1.Descriptor {
	d.Platform = &v1.Platform{OS: os, Architecture: architecture}
	return d
}

func describe(mediaType types.MediaType, d digest.Digest, size int) v1.Descriptor {
	return v1.Descriptor{MediaType: mediaType, Size: int64(size), Digest: v1.Hash{Algorithm: d.Algorithm().String(), Hex: d.Encoded()}}
}

// Drop takes a blob or manifest out of a repository and leaves what refers to
// it, as a garbage collector does that errs.
func (g *Registry) Drop(name string, d v1.Hash) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repos.at(name)
	key := digest.Digest(d.String())
	delete(r.blobs, key)
	delete(r.manifests, key)
}

// Tag lets a tag stand for a manifest.
func (g *Registry) Tag(name, tag string, d v1.Descriptor) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.repos.at(name).tags[tag] = digest.Digest(d.Digest.String())
}

// Untag deletes a tag.
func (g *Registry) Untag(name, tag string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.repos.at(name).tags, tag)
}

// Blobs counts the blobs of a repository.
func (g *Registry) Blobs(name string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.repos.at(name).blobs)
}

// Bytes returns a blob, nil if it does not exist.
func (g *Registry) Bytes(name, d string) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.repos.at(name).blobs[digest.Digest(d)]
}

// Content returns the manifest of a tag, or "".
func (g *Registry) Content(name, tag string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repos.at(name)
	return string(r.manifests[r.tags[tag]].body)
}

// Tags returns the tags of a repository and their digests.
func (g *Registry) Tags(name string) map[string]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[string]string{}
	for tag, d := range g.repos.at(name).tags {
		out[tag] = d.String()
	}
	return out
}

// Has reports whether a repository has a blob or manifest.
func (g *Registry) Has(name string, d v1.Hash) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repos.at(name)
	_, blob := r.blobs[digest.Digest(d.String())]
	_, manifest := r.manifests[digest.Digest(d.String())]
	return blob || manifest
}

// Holes lists what tagged manifests refer to and their repository has not, as
// "repository:tag: digest".
func (g *Registry) Holes() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for name, r := range g.repos {
		for tag, d := range r.tags {
			for _, missing := range r.holes(d, g.opts.Sparse) {
				out = append(out, fmt.Sprintf("%s:%s: %s", name, tag, missing))
			}
		}
	}
	slices.Sort(out)
	return out
}

func (r *repo) holes(d digest.Digest, sparse bool) []digest.Digest {
	m, ok := r.manifests[d]
	if !ok {
		return []digest.Digest{d}
	}
	children, blobs := m.refersTo()
	var out []digest.Digest
	for _, c := range children {
		if _, there := r.manifests[c]; there || !sparse {
			out = append(out, r.holes(c, sparse)...)
		}
	}
	for _, b := range blobs {
		if _, ok := r.blobs[b]; !ok {
			out = append(out, b)
		}
	}
	return out
}

type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       digest.Digest     `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

type document struct {
	MediaType    string            `json:"mediaType"`
	Manifests    []descriptor      `json:"manifests"`
	Config       *descriptor       `json:"config"`
	Layers       []descriptor      `json:"layers"`
	Blobs        []descriptor      `json:"blobs"`
	FSLayers     []json.RawMessage `json:"fsLayers"`
	Subject      *descriptor       `json:"subject"`
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations"`
}

// refersTo returns the manifests and blobs that have to be there; layers that
// are kept elsewhere (urls) need not.
func (m manifest) refersTo() (children, blobs []digest.Digest) {
	var doc document
	if json.Unmarshal(m.body, &doc) != nil {
		return nil, nil
	}
	for _, c := range doc.Manifests {
		children = append(children, c.Digest)
	}
	if doc.Config != nil {
		blobs = append(blobs, doc.Config.Digest)
	}
	for _, l := range append(doc.Layers, doc.Blobs...) {
		if len(l.URLs) == 0 {
			blobs = append(blobs, l.Digest)
		}
	}
	return children, blobs
}
