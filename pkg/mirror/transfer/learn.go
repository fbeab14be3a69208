package transfer

import (
	"context"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// learner finds out which blobs a destination's registry has from the manifests
// of images that it has.
type learner struct {
	client    *registry.Client
	blobs     *blobs
	relatives sync.Map // kinship: relative
	learned   flight.Group[relative, struct{}]
}

// relative is an image that a destination holds and that may have layers in
// common with those that come from the same repository.
type relative struct {
	repo   registry.Repository
	digest digest.Digest
}

type kinship struct {
	from registry.Repository
	host string // of the destination
}

// holds notes that a destination of images from a repository has an image.
func (l *learner) holds(from, to registry.Repository, have ocispec.Descriptor) {
	if !registry.IsIndex(have.MediaType) {
		l.relatives.LoadOrStore(kinship{from, to.Host}, relative{to, have.Digest})
	}
}

// learn finds out which blobs of an image the destination's registry has, by
// one GET instead of a question for each of them: the manifest that the tag
// holds now tells what is in the repository; that of another image from the
// same source tells what can be mounted. What it tells wrongly shows when the
// image's manifest is refused.
func (l *learner) learn(ctx context.Context, v *Visit, m registry.Manifest, had digest.Digest) {
	content, err := m.Content()
	if err != nil {
		return
	}
	h := l.blobs.host(v.To.Host)
	if had != "" && h.unknown(v.To.Path, content.Blobs, false) > 1 {
		l.read(ctx, relative{v.To, had})
	}
	if l.blobs.opts.Mount && h.unknown(v.To.Path, content.Blobs, true) > 1 {
		if other, ok := l.relatives.Load(kinship{v.Source.Repo, v.To.Host}); ok {
			l.read(ctx, other.(relative))
		}
	}
}

// read notes the blobs of an image that a destination holds, once in a run.
func (l *learner) read(ctx context.Context, image relative) {
	l.learned.Do(ctx, image, func() (struct{}, error) {
		m, err := l.client.Manifest(ctx, image.repo, string(image.digest))
		if err != nil {
			return struct{}{}, err
		}
		content, err := m.Content()
		h := l.blobs.host(image.repo.Host)
		for _, b := range content.Blobs {
			h.knows(image.repo.Path, b.Digest)
		}
		return struct{}{}, err
	})
}
