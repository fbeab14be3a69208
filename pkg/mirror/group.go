package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// origin is one source image while its destinations are worked on. Each of its
// manifests is fetched once.
type origin struct {
	repo registry.Repository
	root registry.Descriptor
	get  func(ctx context.Context, d digest.Digest) (registry.Manifest, error)
	size func() int64 // of the blobs in the manifests fetched so far
}

func newOrigin(client *registry.Client, repo registry.Repository, root registry.Descriptor) *origin {
	s := &origin{repo: repo, root: root}
	var mu sync.Mutex
	fetched := map[digest.Digest]func() (registry.Manifest, error){}
	blobs, size := map[digest.Digest]bool{}, int64(0)
	fetch := func(ctx context.Context, d digest.Digest) (registry.Manifest, error) {
		m, err := client.Manifest(ctx, repo, string(d))
		if err != nil {
			return m, err
		}
		content, err := m.Content()
		if err != nil {
			return m, nil // whoever needs the content sees the error
		}
		mu.Lock()
		defer mu.Unlock()
		for _, b := range content.Blobs {
			if !blobs[b.Digest] {
				blobs[b.Digest] = true
				size += b.Size
			}
		}
		return m, nil
	}
	s.size = func() int64 {
		mu.Lock()
		defer mu.Unlock()
		return size
	}
	s.get = func(ctx context.Context, d digest.Digest) (registry.Manifest, error) {
		mu.Lock()
		once, ok := fetched[d]
		if !ok {
			once = sync.OnceValues(func() (registry.Manifest, error) { return fetch(ctx, d) })
			fetched[d] = once
		}
		mu.Unlock()
		return once()
	}
	return s
}

// group works on one source: finds out what it is, once, and brings every
// destination in line.
func (r *run) group(ctx context.Context, j *job) {
	if r.ended(ctx) {
		return // its entries say so already
	}
	shared := r.cost(j.first)
	work := shared.into(ctx)
	every := func(e Entry, err error) {
		if err != nil && ctx.Err() != nil {
			err = errInterrupted
		}
		for i := range j.targets {
			c := shared
			if i > 0 {
				c = &cost{start: shared.start}
			}
			r.done(j.first+i, r.tell(c, e), err)
		}
	}
	if j.err != nil {
		every(Entry{}, j.err)
		return
	}
	repo := registry.Repository{Host: j.source.Host(), Path: j.source.Path()}
	root, err := r.resolve(work, repo, j.source)
	if err == nil && r.opts.Platform != nil && (r.opts.Single || registry.IsIndex(root.MediaType)) {
		root, err = r.choose(work, repo, root)
	}
	switch {
	case errors.Is(err, errFiltered):
		every(Entry{Outcome: Filtered, Details: []string{err.Error()}}, nil)
		return
	case err != nil && registry.NotFound(err) && r.opts.SkipMissing:
		every(Entry{Outcome: Missing, Details: []string{err.Error()}}, nil)
		return
	case err != nil:
		every(Entry{}, err)
		return
	}
	src := newOrigin(r.client, repo, root)
	var wg sync.WaitGroup
	for i, t := range j.targets {
		wg.Go(func() {
			c := shared // the first destination pays for the source
			if i > 0 {
				c = r.cost(j.first + i)
			}
			result, err := r.target(c.into(ctx), src, t)
			result.Digest, result.Size = string(root.Digest), src.size()
			if err != nil && ctx.Err() != nil {
				err = errInterrupted
			}
			r.done(j.first+i, r.tell(c, result), err)
		})
	}
	wg.Wait()
}

// resolve finds the digest of a source. A digest needs no question.
func (r *run) resolve(ctx context.Context, repo registry.Repository, ref mapping.Reference) (registry.Descriptor, error) {
	if ref.Digest != "" {
		return registry.Descriptor{Digest: digest.Digest(ref.Digest)}, nil
	}
	d, err := r.client.Resolve(ctx, repo, ref.Tag)
	switch {
	case registry.NotFound(err):
		return d, &missingError{"the source does not exist", err}
	case registry.Denied(err):
		return d, fmt.Errorf("the source does not exist, or the credential may not read it: %w", err)
	}
	return d, err
}

var errFiltered = errors.New("no platform of the image was asked for")

// choose applies the platform filter to an index: it fails with errFiltered
// when nothing is left, and gives the child where a single one is wanted.
func (r *run) choose(ctx context.Context, repo registry.Repository, root registry.Descriptor) (registry.Descriptor, error) {
	m, err := r.client.Manifest(ctx, repo, string(root.Digest))
	if err != nil {
		return root, err
	}
	content, err := m.Content()
	if err != nil || !registry.IsIndex(m.MediaType) {
		return root, err
	}
	var chosen []registry.Descriptor
	for _, c := range content.Children {
		if r.wanted(c) {
			chosen = append(chosen, c)
		}
	}
	switch {
	case len(chosen) == 0:
		return root, fmt.Errorf("%w: it has %s", errFiltered, platforms(content.Children))
	case !r.opts.Single:
		return root, nil
	case len(chosen) > 1:
		return root, fmt.Errorf("%w: the filter leaves %d platforms of %s, and a new index would have another digest; keep the manifest list or choose one platform",
			errUnsupported, len(chosen), platforms(content.Children))
	}
	return chosen[0], nil
}

// wanted says whether a child of an index is to be copied. Attestations belong
// to the platforms they speak of and are never chosen by themselves.
func (r *run) wanted(c registry.Descriptor) bool {
	return r.opts.Platform == nil || c.Platform != nil && r.opts.Platform(c.Platform.String())
}

// target brings one destination in line with its source.
func (r *run) target(ctx context.Context, src *origin, t Target) (Entry, error) {
	to := registry.Repository{Host: t.Destination.Host(), Path: t.Destination.Path(), Push: r.opts.Mode == ModeRun}
	w := &move{to: to, dest: t.Destination, looked: r.opts.Now()}
	if r.ended(ctx) {
		return Entry{}, errInterrupted
	}
	have, err := r.client.Resolve(ctx, to, w.ref(src.root.Digest))
	switch {
	case err == nil:
		r.occupied.Store(to, true)
	case registry.NotFound(err), registry.Denied(err): // many registries hide what is not there
	default:
		return Entry{}, fmt.Errorf("looking at the destination: %w", err)
	}
	w.had = have.Digest
	result := Entry{Previous: string(have.Digest)}
	same := err == nil && have.Digest == src.root.Digest
	if !same {
		if err := r.protect(w); err != nil {
			return result, err
		}
	}
	if r.opts.Mode == ModeCheck {
		return r.compare(ctx, src, to, have, result)
	}
	if same && !r.opts.Force {
		result.Previous = ""
		if !r.opts.Deep {
			result.Outcome = Unchanged
			return result, r.follow(ctx, src, to)
		}
		repaired, err := r.repair(ctx, src, to)
		result.Outcome = Unchanged
		if repaired {
			result.Outcome = Repaired
		}
		return result, err
	}
	if r.ended(ctx) {
		return result, errInterrupted
	}
	err = r.copyImage(ctx, src, w)
	result.Outcome, result.Previous, result.Details = Copied, string(w.had), w.details
	switch {
	case w.present:
		result.Outcome, result.Previous = Unchanged, ""
	case r.opts.Mode == ModePlan:
		result.Outcome = Planned
	}
	return result, err
}
