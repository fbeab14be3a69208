package transfer

import (
	"context"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Writer is the part of a [registry.Client] that writes.
type Writer interface {
	Mount(ctx context.Context, to registry.Repository, from string, d digest.Digest) (bool, *registry.Session, error)
	CopyBlob(ctx context.Context, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, s *registry.Session) error
	PutManifest(ctx context.Context, to registry.Repository, ref string, m registry.Manifest, again func() (bool, error)) error
}

// Nowhere is the [Writer] of a dry run: everything succeeds, nothing is
// written, and the requests that it would have taken are counted.
type Nowhere struct{ requests atomic.Int64 }

// Requests returns how many requests writing would have taken.
func (w *Nowhere) Requests() int64 { return w.requests.Load() }

// Mount implements [Writer].
func (w *Nowhere) Mount(context.Context, registry.Repository, string, digest.Digest) (bool, *registry.Session, error) {
	w.requests.Add(1)
	return true, nil, nil
}

// CopyBlob implements [Writer].
func (w *Nowhere) CopyBlob(_ context.Context, _ registry.Repository, desc ocispec.Descriptor, _ registry.Repository, s *registry.Session) error {
	w.requests.Add(registry.CopyRequests(desc.Size))
	if s != nil {
		w.requests.Add(-1) // the one that opened it
	}
	return nil
}

// PutManifest implements [Writer].
func (w *Nowhere) PutManifest(context.Context, registry.Repository, string, registry.Manifest, func() (bool, error)) error {
	w.requests.Add(1)
	return nil
}
