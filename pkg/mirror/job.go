package mirror

import (
	"context"
	"sync"

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
	err     error   // known before any request
	shared  *shared // nil unless a target is in progress
	done    bool    // all targets are done; guarded like shared
}

// shared is what the targets of a job have in common.
type shared struct {
	found flight.Group[struct{}, *transfer.Source]
	cost  cost // of the source and the first target
	left  int  // targets that are not done
}

// sources resolves the sources of jobs, each once.
type sources struct {
	client *registry.Client
	looks  *looks
	filter transfer.Filter
	mu     sync.Mutex // guards job.shared
}

// share returns what the targets of a job have in common. It keeps the
// manifests of the source until unshare has been called for the last target.
func (o *sources) share(j *job) *shared {
	o.mu.Lock()
	defer o.mu.Unlock()
	if j.shared == nil {
		j.shared = &shared{left: len(j.targets)}
	}
	return j.shared
}

func (o *sources) unshare(j *job) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if j.shared.left--; j.shared.left == 0 {
		j.shared, j.done = nil, true
	}
}

// early resolves the source of a job before its targets need it; not if they are
// all done by now.
func (o *sources) early(ctx context.Context, j *job) {
	o.mu.Lock()
	done := j.done
	o.mu.Unlock()
	if !done {
		o.find(ctx, j, o.share(j))
	}
}

// find resolves the source of a job. Its cost is that of the first target.
func (o *sources) find(ctx context.Context, j *job, s *shared) (*transfer.Source, error) {
	return s.found.Do(ctx, struct{}{}, func() (*transfer.Source, error) {
		ctx := s.cost.into(ctx)
		repo := sourceOf(j)
		root, err := o.resolve(ctx, repo, *j.source)
		tag := j.source.Tag
		if j.source.Digest != "" {
			tag = ""
		}
		src := transfer.NewSource(o.client, repo, root, tag)
		if err == nil {
			err = o.filter.Apply(ctx, src)
		}
		return src, err
	})
}

// resolve returns the digest of a source. A source with a digest needs no
// request.
func (o *sources) resolve(ctx context.Context, repo registry.Repository, ref mapping.Reference) (ocispec.Descriptor, error) {
	if ref.Digest != "" {
		return ocispec.Descriptor{Digest: digest.Digest(ref.Digest)}, nil
	}
	d, err := o.looks.resolve(ctx, repo, ref.Tag)
	return d, transfer.Unreadable(err)
}
