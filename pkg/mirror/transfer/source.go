package transfer

import (
	"context"
	"slices"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Source is an image to copy. Each of its manifests is fetched once.
type Source struct {
	Repo registry.Repository
	Root ocispec.Descriptor
	Tag  string // by which Root was found; "" for a digest
	Left string // what a [Filter] leaves out, for people

	client  *registry.Client
	fetched flight.Group[string, registry.Manifest]

	mu       sync.Mutex
	blobs    map[digest.Digest]bool // of the manifests fetched so far
	size     int64                  // of these, in bytes
	children []digest.Digest
	platform []string // of the images among them
}

// NewSource returns the source for a tag of a registry; tag is "" for a source
// with a digest.
func NewSource(client *registry.Client, repo registry.Repository, root ocispec.Descriptor, tag string) *Source {
	return &Source{client: client, Repo: repo, Root: root, Tag: tag, blobs: map[digest.Digest]bool{}}
}

// Manifest fetches a manifest of the image.
func (s *Source) Manifest(ctx context.Context, d digest.Digest) (registry.Manifest, error) {
	return s.fetch(ctx, string(d))
}

// Image fetches the manifest of the image itself. If a registry does not have
// the digest that it returned for the tag, Image uses what GET returns for the
// tag. The error is explained by [Unreadable].
func (s *Source) Image(ctx context.Context) (registry.Manifest, error) {
	m, err := s.Manifest(ctx, s.Root.Digest)
	if registry.NotFound(err) && s.Tag != "" {
		if m, err = s.fetch(ctx, s.Tag); err == nil {
			s.client.DoubtHead(s.Repo.Host)
		}
	}
	return m, Unreadable(err)
}

// Size returns the bytes and the number of the blobs of all manifests fetched so
// far.
func (s *Source) Size() (bytes int64, blobs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size, len(s.blobs)
}

// Parts returns the root and the children of the indexes fetched so far.
func (s *Source) Parts() []digest.Digest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]digest.Digest{s.Root.Digest}, s.children...)
}

// maxPlatforms limits the platforms that are kept for people.
const maxPlatforms = 50

// Platforms returns the platforms of the images in the indexes fetched so far.
func (s *Source) Platforms() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.platform)
}

func (s *Source) fetch(ctx context.Context, ref string) (registry.Manifest, error) {
	return s.fetched.Do(ctx, ref, func() (registry.Manifest, error) {
		m, err := s.client.Manifest(ctx, s.Repo, ref)
		if err == nil {
			s.count(m)
		}
		return m, err
	})
}

func (s *Source) count(m registry.Manifest) {
	content, err := m.Content()
	if err != nil {
		return // callers that need the content get the error
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range content.Children {
		s.children = append(s.children, c.Digest)
		if c.Platform != nil && !Attestation(c) && len(s.platform) < maxPlatforms {
			s.platform = append(s.platform, PlatformName(c))
		}
	}
	for _, b := range content.Blobs {
		if !s.blobs[b.Digest] {
			s.blobs[b.Digest] = true
			s.size += b.Size
		}
	}
}
