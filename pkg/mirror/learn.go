package mirror

import (
	"context"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// relative is an image that a destination holds and that may have layers in
// common with those that come from the same repository.
type relative struct {
	repo   registry.Repository
	digest digest.Digest
}

type relativeKey struct {
	from registry.Repository
	host string // of the destination
}

// holds notes that a destination of images from a repository holds an image.
func (r *run) holds(from, to registry.Repository, have ocispec.Descriptor) {
	if !registry.IsIndex(have.MediaType) {
		r.relatives.LoadOrStore(relativeKey{from, to.Host}, relative{to, have.Digest})
	}
}

// learn finds out which blobs of an image the destination's registry has, by
// one GET instead of a question for each of them: the manifest that the tag
// holds now tells what is in the repository; that of another image from the
// same source tells what can be mounted. What it tells wrongly shows when the
// image's manifest is refused.
func (r *run) learn(ctx context.Context, v *visit, m registry.Manifest, had digest.Digest) {
	content, err := m.Content()
	if err != nil || v.deep || r.opts.Deep {
		return
	}
	if had != "" && r.placer.unknown(v.to, content.Blobs, false) > 1 {
		r.read(ctx, relative{v.to, had})
	}
	if r.placer.mount && r.placer.unknown(v.to, content.Blobs, true) > 1 {
		if other, ok := r.relatives.Load(relativeKey{v.src.repo, v.to.Host}); ok {
			r.read(ctx, other.(relative))
		}
	}
}

// read notes the blobs of an image that a destination holds, once in a run.
func (r *run) read(ctx context.Context, image relative) {
	r.learned.get(ctx, image, func() (bool, error) {
		m, err := r.client.Manifest(ctx, image.repo, string(image.digest))
		if err != nil {
			return false, err
		}
		content, err := m.Content()
		for _, b := range content.Blobs {
			r.placer.knows(image.repo, b.Digest)
		}
		return err == nil, err
	})
}
