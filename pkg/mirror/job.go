package mirror

import (
	"context"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// job is one source without wildcards and the entries of the report it fills.
type job struct {
	source  *mapping.Reference
	targets []Target
	first   int     // index of the first target's entry
	err     error   // known before anything was asked
	shared  *shared // while it is worked on
}

// shared is what the targets of a job have in common.
type shared struct {
	found flight.Group[struct{}, *transfer.Source]
	cost  cost // of the source and the first target
	left  int  // targets that are not done
}

// share returns what the targets of a job have in common. The manifests of the
// source are kept until the last target is done, which unshare tells.
func (r *run) share(j *job) *shared {
	r.sharing.Lock()
	defer r.sharing.Unlock()
	if j.shared == nil {
		j.shared = &shared{left: len(j.targets)}
	}
	return j.shared
}

func (r *run) unshare(j *job) {
	r.sharing.Lock()
	defer r.sharing.Unlock()
	if j.shared.left--; j.shared.left == 0 {
		j.shared = nil
	}
}

// source finds out what the source of a job is; the first target pays for that.
func (r *run) source(ctx context.Context, j *job, s *shared) (*transfer.Source, error) {
	return s.found.Do(ctx, struct{}{}, func() (*transfer.Source, error) {
		ctx := s.cost.into(ctx)
		repo := sourceOf(j)
		root, err := r.resolve(ctx, repo, *j.source)
		tag := j.source.Tag
		if j.source.Digest != "" {
			tag = ""
		}
		src := transfer.NewSource(r.opts.Client, repo, root, tag)
		if err == nil {
			err = r.filter.Apply(ctx, src)
		}
		return src, err
	})
}

// resolve finds the digest of a source. A digest needs no question.
func (r *run) resolve(ctx context.Context, repo registry.Repository, ref mapping.Reference) (ocispec.Descriptor, error) {
	if ref.Digest != "" {
		return ocispec.Descriptor{Digest: digest.Digest(ref.Digest)}, nil
	}
	d, err := r.looks.resolve(ctx, repo, ref.Tag)
	return d, transfer.Unreadable(err)
}
