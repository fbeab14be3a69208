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
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// copy copies one target of a job and reports on it.
func (r *run) copy(ctx context.Context, j *job, i int) {
	if r.book.ended(ctx) {
		return // its entry has an error already
	}
	s := r.sources.share(j)
	defer r.sources.unshare(j)
	defer r.looks.taken.Drop(earlyKey{j, i}) // scouts need only know that it was read
	c := &cost{}
	if i == 0 {
		c = &s.cost
	}
	r.book.begin(j.first+i, c)
	result, err := r.target(c.into(ctx), j, i, s)
	var missing *transfer.MissingError
	if r.opts.SkipMissing && errors.As(err, &missing) && missing.Source {
		result, err = Entry{Outcome: Missing, Details: []string{err.Error()}}, nil
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errInterrupted, context.Cause(ctx))
	}
	r.book.done(j.first+i, c, result, err)
}

// target makes one destination equal to its source.
func (r *run) target(ctx context.Context, j *job, i int, s *shared) (Entry, error) {
	t := j.targets[i]
	if err := cmp.Or(j.err, r.overlap[destinationKey(t.pair())]); err != nil {
		return Entry{}, err
	}
	result, l, ok, err := r.listed(ctx, j, i, s)
	if ok || err != nil {
		return result, err
	}
	// Both are read at the same time.
	var asking sync.WaitGroup
	asking.Go(func() { r.sources.find(ctx, j, s) })
	defer asking.Wait()                      // the request may take longer than we wait for it
	if l == nil && t.Destination.Tag != "" { // without a tag the source decides where to look
		if l, err = r.look(ctx, j, i); err != nil {
			return Entry{}, err
		}
	}
	src, err := r.sources.find(ctx, j, s)
	switch {
	case errors.Is(err, transfer.ErrFiltered):
		return Entry{Outcome: Filtered, Details: []string{err.Error()}}, nil
	case err != nil:
		return Entry{}, err
	}
	if l == nil {
		l = r.looks.look(ctx, r.opts.destination(t.Destination), string(src.Root.Digest))
	}
	w := r.opts.move(r.opts.destination(t.Destination), t.Destination)
	w.Looked = l.at
	result, err = r.aligner.align(ctx, src, w, l)
	result.Digest = string(cmp.Or(w.Digest, src.Root.Digest))
	result.Look, result.SourceLook = LookProtocol, lookOf(j)
	result.Size, result.Blobs = src.Size()
	result.Platforms = src.Platforms()
	if src.Left != "" {
		result.Details = append(result.Details, src.Left)
	}
	return result, err
}

// look looks at the tag of a destination.
func (r *run) look(ctx context.Context, j *job, i int) (*look, error) {
	to, key := j.targets[i].Destination, earlyKey{j, i}
	if r.looks.scouted[key] {
		return r.looks.early(ctx, key, r.opts.destination(to))
	}
	return r.looks.look(ctx, r.opts.destination(to), to.Tag), nil
}

// listed leaves a destination unchanged if lists show that it holds its source;
// ok is false if they do not show that, and both have to be read. A destination
// that no list has is looked at first if a list has its source; l is that look.
func (r *run) listed(ctx context.Context, j *job, i int, s *shared) (result Entry, l *look, ok bool, err error) {
	t := j.targets[i]
	to := r.opts.destination(t.Destination)
	if t.Destination.Tag == "" || r.looks.refusal(to) != nil {
		return result, nil, false, nil
	}
	have, by := r.looks.listed(ctx, to, t.Destination.Tag)
	want, wantedBy := r.listedSource(ctx, j)
	if have == "" && want != "" {
		if l, err = r.look(ctx, j, i); err != nil || l.err != nil || l.have.Digest != want {
			return result, l, false, err
		}
		have, by = want, LookProtocol
	}
	if have == "" {
		return result, nil, false, nil
	}
	src := transfer.NewSource(r.opts.Client, sourceOf(j), ocispec.Descriptor{Digest: want}, "")
	if want != have {
		if src, err = r.sources.find(ctx, j, s); err != nil || src.Root.Digest != have {
			return result, nil, false, nil // reported after both are read
		}
		wantedBy = lookOf(j)
	}
	w := r.opts.move(to, t.Destination)
	w.Had = have
	result, err = r.aligner.leave(ctx, src, w)
	result.Digest, result.Look, result.SourceLook = string(have), by, wantedBy
	return result, l, true, err
}

// lookOf returns how a source is read that no list has.
func lookOf(j *job) string {
	if j.source.Digest != "" {
		return ""
	}
	return LookProtocol
}

// listedSource returns the digest of a source from a list and the kind of list, if
// nothing but the digest matters.
func (r *run) listedSource(ctx context.Context, j *job) (digest.Digest, string) {
	if r.opts.Platform != nil || j.source.Digest != "" {
		return "", ""
	}
	return r.looks.listed(ctx, sourceOf(j), j.source.Tag)
}

// destination returns the repository of a destination.
func (o Options) destination(ref mapping.Reference) registry.Repository {
	return registry.Repository{
		Host: ref.Host(), Path: ref.Path(), Push: o.Mode == ModeRun,
		// If a tag may be protected, a HEAD that says that it does not exist is
		// not trusted on a registry where no HEAD ever succeeded.
		Destination: o.Overwrite == OverwriteAlways && len(o.Immutable) == 0 && o.Backup == nil,
	}
}

// move starts to move a tag.
func (o Options) move(to registry.Repository, dest mapping.Reference) *tags.Move {
	return &tags.Move{To: to, Destination: dest, Looked: o.Now()}
}
