package transfer

import (
	"context"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// learner finds the blobs of a destination's registry by reading manifests of
// images that it has.
type learner struct {
	client    *registry.Client
	blobs     *blobs
	relatives sync.Map // kinship: relative
	learned   flight.Group[relative, struct{}]
}

// relative is an image of a destination that may have layers in common with
// images from the same source repository.
type relative struct {
	repo   registry.Repository
	digest digest.Digest
}

type kinship struct {
	from registry.Repository
	host string // of the destination
}

// holds records that a destination of images from a repository has an image.
func (l *learner) holds(from, to registry.Repository, have ocispec.Descriptor) {
	if !registry.IsIndex(have.MediaType) {
		l.relatives.LoadOrStore(kinship{from, to.Host}, relative{to, have.Digest})
	}
}

// learn finds out which blobs of an image the destination's registry has, by
// one GET instead of a request for each of them: the current manifest of the
// tag lists blobs of the repository; that of another image from the same source
// lists blobs that can be mounted. If that is wrong, the registry refuses the
// image's manifest.
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

// read records the blobs of an image that a destination holds, once in a run.
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
