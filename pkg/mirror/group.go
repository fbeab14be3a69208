package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// origin is one source image while its destinations are worked on. Each of its
// manifests is fetched once.
type origin struct {
	repo registry.Repository
	root ocispec.Descriptor
	tag  string // by which the root was found; "" for a digest
	left string // what the platform filter leaves out, for a person
	get  func(ctx context.Context, d digest.Digest) (registry.Manifest, error)
	// image fetches the manifest of the source itself. Where a registry does not
	// have the digest that it gave for the tag, it is what GET gives for the tag.
	image func(ctx context.Context) (registry.Manifest, error)
	size  func() (bytes int64, blobs int) // of the manifests fetched so far
	// parts are the root and the children of the indexes fetched so far.
	parts func() []digest.Digest
}

func newOrigin(client *registry.Client, repo registry.Repository, root ocispec.Descriptor) *origin {
	s := &origin{repo: repo, root: root}
	var mu sync.Mutex
	var fetched memo[string, registry.Manifest]
	blobs, size := map[digest.Digest]bool{}, int64(0)
	var children []digest.Digest
	fetch := func(ctx context.Context, ref string) (registry.Manifest, error) {
		m, err := client.Manifest(ctx, repo, ref)
		if err != nil {
			return m, err
		}
		content, err := m.Content()
		if err != nil {
			return m, nil // whoever needs the content sees the error
		}
		mu.Lock()
		defer mu.Unlock()
		for _, c := range content.Children {
			children = append(children, c.Digest)
		}
		for _, b := range content.Blobs {
			if !blobs[b.Digest] {
				blobs[b.Digest] = true
				size += b.Size
			}
		}
		return m, nil
	}
	s.size = func() (int64, int) {
		mu.Lock()
		defer mu.Unlock()
		return size, len(blobs)
	}
	s.parts = func() []digest.Digest {
		mu.Lock()
		defer mu.Unlock()
		return append([]digest.Digest{s.root.Digest}, children...)
	}
	get := func(ctx context.Context, ref string) (registry.Manifest, error) {
		return fetched.get(ctx, ref, func() (registry.Manifest, error) { return fetch(ctx, ref) })
	}
	s.get = func(ctx context.Context, d digest.Digest) (registry.Manifest, error) { return get(ctx, string(d)) }
	s.image = func(ctx context.Context) (registry.Manifest, error) {
		m, err := s.get(ctx, s.root.Digest)
		if registry.NotFound(err) && s.tag != "" {
			if m, err = get(ctx, s.tag); err == nil {
				client.DoubtHead(repo.Host)
			}
		}
		return m, unreadable(err)
	}
	return s
}

// share gives what the targets of a job have in common: what their source is,
// for which the first target pays. Its manifests are kept until the last target
// is done, which unshare tells.
func (r *run) share(ctx context.Context, j *job) *shared {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j.shared == nil {
		s := &shared{left: len(j.targets)}
		var known memo[*job, *origin]
		s.origin = func() (*origin, error) {
			return known.get(ctx, j, func() (*origin, error) { return r.origin(s.cost.into(ctx), j) })
		}
		j.shared = s
	}
	return j.shared
}

func (r *run) unshare(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j.shared.left--; j.shared.left == 0 {
		j.shared = nil
	}
}

// origin finds out what a source is.
func (r *run) origin(ctx context.Context, j *job) (*origin, error) {
	repo := registry.Repository{Host: j.source.Host(), Path: j.source.Path()}
	root, err := r.resolve(ctx, repo, *j.source)
	src := newOrigin(r.client, repo, root)
	if j.source.Digest == "" {
		src.tag = j.source.Tag
	}
	if err == nil {
		err = r.choose(ctx, src)
	}
	return src, err
}

// copy works on one target of a job and reports on it.
func (r *run) copy(ctx context.Context, j *job, i int) {
	if r.ended(ctx) {
		return // its entry says so already
	}
	s := r.share(ctx, j)
	defer r.unshare(j)
	c := r.cost(j, i, s)
	result, err := r.target(c.into(ctx), j, s.origin, j.targets[i])
	var missing *missingError
	if r.opts.SkipMissing && errors.As(err, &missing) && missing.source {
		result, err = Entry{Outcome: Missing, Details: []string{err.Error()}}, nil
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errInterrupted, context.Cause(ctx))
	}
	r.done(j.first+i, r.tell(c, result), err)
}

// resolve finds the digest of a source. A digest needs no question.
func (r *run) resolve(ctx context.Context, repo registry.Repository, ref mapping.Reference) (ocispec.Descriptor, error) {
	if ref.Digest != "" {
		return ocispec.Descriptor{Digest: digest.Digest(ref.Digest)}, nil
	}
	d, err := r.client.Resolve(ctx, repo, ref.Tag)
	return d, unreadable(err)
}

// unreadable says what an error means that comes instead of a source.
func unreadable(err error) error {
	switch {
	case registry.NotFound(err):
		return &missingError{"the source does not exist", err, true}
	case registry.Denied(err):
		return fmt.Errorf("the source does not exist, or the credential may not read it: %w", err)
	case err != nil:
		return fmt.Errorf("reading the source: %w", err)
	}
	return nil
}

// target brings one destination in line with its source. Both are asked what
// they hold at the same time.
func (r *run) target(ctx context.Context, j *job, origin func() (*origin, error), t Target) (Entry, error) {
	key := destinationKey(mapping.Pair(t))
	if err := cmp.Or(j.err, r.overlap[key]); err != nil {
		return Entry{}, err
	}
	var asking sync.WaitGroup
	asking.Go(func() { origin() })
	defer asking.Wait() // it may be asked longer than we wait for it
	w := &move{
		to: registry.Repository{
			Host: t.Destination.Host(), Path: t.Destination.Path(), Push: r.opts.Mode == ModeRun,
			// Where a tag may have to stay, no HEAD is believed that has only ever
			// said that something does not exist.
			Destination: r.opts.Overwrite == OverwriteAlways && len(r.opts.Immutable) == 0 && r.opts.Backup == nil,
		},
		dest: t.Destination, looked: r.opts.Now(),
	}
	var have ocispec.Descriptor
	var err error
	early := t.Destination.Tag != "" // else it depends on the source where to look
	if early {
		have, err = r.client.Resolve(ctx, w.to, w.ref(""))
	}
	src, srcErr := origin()
	switch {
	case errors.Is(srcErr, errFiltered):
		return Entry{Outcome: Filtered, Details: []string{srcErr.Error()}}, nil
	case srcErr != nil:
		return Entry{}, srcErr
	}
	if !early {
		have, err = r.client.Resolve(ctx, w.to, w.ref(src.root.Digest))
	}
	result, err := r.align(ctx, src, w, have, err)
	if result.Digest = string(src.root.Digest); w.digest != "" {
		result.Digest = string(w.digest)
	}
	result.Size, result.Blobs = src.size()
	if src.left != "" {
		result.Details = append(result.Details, src.left)
	}
	return result, err
}

// align does what the mode asks for with a destination that holds have, or for
// which the registry gave an error.
func (r *run) align(ctx context.Context, src *origin, w *move, have ocispec.Descriptor, err error) (Entry, error) {
	switch {
	case err == nil:
		r.occupied.Store(w.to, true)
		r.holds(src.repo, w.to, have)
	case registry.NotFound(err), registry.Denied(err): // many registries hide what is not there
	default:
		return Entry{}, fmt.Errorf("looking at the destination: %w", err)
	}
	w.had = have.Digest
	result := Entry{Previous: string(have.Digest)}
	same := err == nil && have.Digest == src.root.Digest
	if !same {
		if done, err := r.asList(ctx, src, w, &result); done || err != nil {
			return result, err
		}
	}
	if err == nil && !same {
		// Two digests may be of one image: of another algorithm, or given by a
		// registry that errs. Nothing is said or done before that is known.
		m, err := src.image(ctx)
		w.digest = m.Digest
		if same = err == nil && m.Is(have.Digest); !same {
			if err := r.protect(ctx, w); err != nil {
				return result, err
			}
		}
		if err != nil {
			return result, err
		}
	}
	if r.opts.Mode == ModeCheck {
		return r.compare(ctx, src, w, have, same, result)
	}
	if same && !r.opts.Force {
		result.Previous = ""
		if err := r.adopt(ctx, w); err != nil {
			return result, err
		}
		if !r.opts.Deep {
			err := r.follow(ctx, src, w)
			result.Outcome, result.Details = Unchanged, w.details
			return result, err
		}
		repaired, err := r.repair(ctx, src, w)
		switch result.Outcome, result.Details = Unchanged, w.details; {
		case repaired && r.opts.Mode == ModePlan:
			result.Outcome, result.Details = Planned, append(result.Details, partsMissing)
		case repaired:
			result.Outcome = Repaired
		}
		return result, err
	}
	if r.ended(ctx) {
		return result, errInterrupted
	}
	err = r.copyImage(ctx, src, w)
	result.Outcome, result.Previous, result.Backup, result.Details = Copied, string(w.had), w.backup, w.details
	switch {
	case w.present:
		result.Outcome, result.Previous = Unchanged, ""
	case r.opts.Mode == ModePlan:
		result.Outcome = Planned
	}
	return result, err
}
