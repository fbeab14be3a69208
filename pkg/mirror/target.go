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
		l = r.looks.look(ctx, r.destination(t.Destination), string(src.Root.Digest))
	}
	w := r.move(r.destination(t.Destination), t.Destination)
	w.Looked = l.at
	result, err = r.align(ctx, src, w, l)
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
		return r.looks.early(ctx, key, r.destination(to))
	}
	return r.looks.look(ctx, r.destination(to), to.Tag), nil
}

// listed leaves a destination unchanged if lists show that it holds its source;
// ok is false if they do not show that, and both have to be read. A destination
// that no list has is looked at first if a list has its source; l is that look.
func (r *run) listed(ctx context.Context, j *job, i int, s *shared) (result Entry, l *look, ok bool, err error) {
	t := j.targets[i]
	to := r.destination(t.Destination)
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
	w := r.move(to, t.Destination)
	w.Had = have
	result, err = r.leave(ctx, src, w)
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
func (r *run) destination(ref mapping.Reference) registry.Repository {
	return registry.Repository{
		Host: ref.Host(), Path: ref.Path(), Push: r.opts.Mode == ModeRun,
		// If a tag may be protected, a HEAD that says that it does not exist is
		// not trusted on a registry where no HEAD ever succeeded.
		Destination: r.opts.Overwrite == OverwriteAlways && len(r.opts.Immutable) == 0 && r.opts.Backup == nil,
	}
}

// align does what the mode requires with a destination that was read.
func (r *run) align(ctx context.Context, src *transfer.Source, w *tags.Move, l *look) (Entry, error) {
	if err := blind(l.err, r.opts.Mode); err != nil {
		return Entry{}, err
	}
	have, there := l.have, l.err == nil
	if there {
		r.copier.Holds(src.Repo, w.To, have)
	}
	w.Had = have.Digest
	result := Entry{Previous: string(have.Digest)}
	same := there && have.Digest == src.Root.Digest
	if r.opts.Mode == ModeRun && (!same || r.opts.Force || r.opts.Deep || r.opts.Adopt || r.follower != nil) {
		if err := r.scouting.before(ctx, w.Destination.Canonical()); err != nil {
			return result, err
		}
	}
	var err error
	if !same && r.follower != nil {
		if isList, err := r.merge(ctx, src, w, &result); isList || err != nil {
			return result, err
		}
	}
	if there && !same {
		if same, err = r.differs(ctx, src, w, have.Digest); err != nil {
			return result, err
		}
	}
	if r.opts.Mode == ModeCheck {
		return r.compare(ctx, src, w, have, same, result)
	}
	if same && !r.opts.Force {
		return r.leave(ctx, src, w)
	}
	return r.bring(ctx, src, w)
}

// differs checks whether two digests are of one image after all: with another
// algorithm, or reported wrongly by a registry. Nothing is reported or done
// before that is known. The error is that of a protected tag, or of a source
// that cannot be read.
func (r *run) differs(ctx context.Context, src *transfer.Source, w *tags.Move, have digest.Digest) (same bool, err error) {
	m, err := src.Image(ctx)
	w.Digest = m.Digest
	if err == nil && m.Is(have) {
		return true, nil
	}
	return false, cmp.Or(r.keeper.Protect(ctx, w), err)
}

// leave leaves a destination unchanged that holds its source.
func (r *run) leave(ctx context.Context, src *transfer.Source, w *tags.Move) (Entry, error) {
	if err := r.keeper.Adopt(ctx, w); err != nil {
		return Entry{}, err
	}
	repaired := false
	if r.opts.Deep {
		var err error
		if repaired, err = r.copier.Repair(ctx, src, w.To); err != nil {
			return Entry{Outcome: Unchanged, Details: w.Details}, err
		}
	}
	err := r.follow(ctx, src, w)
	result := Entry{Outcome: Unchanged, Details: w.Details}
	switch {
	case repaired && r.opts.Mode == ModePlan:
		result.Outcome, result.Details = Planned, append(result.Details, partsMissing)
	case repaired:
		result.Outcome = Repaired
	}
	return result, err
}

// bring copies everything below an image into the repository and then moves the
// tag.
func (r *run) bring(ctx context.Context, src *transfer.Source, w *tags.Move) (Entry, error) {
	if r.book.ended(ctx) {
		return Entry{Previous: string(w.Had)}, errInterrupted
	}
	err := cmp.Or(r.looks.refusal(w.To), r.writable(ctx, w.To))
	if err == nil {
		err = r.write(ctx, src, w)
		r.looks.noteWrite(w.To, err)
	}
	result := Entry{Outcome: Copied, Previous: string(w.Had), Backup: w.Backup, Details: w.Details}
	switch {
	case w.Present:
		result.Outcome, result.Previous = Unchanged, ""
	case r.opts.Mode == ModePlan:
		result.Outcome = Planned
	}
	return result, err
}

// writable returns why a repository cannot be written, as far as that is known
// before. A plan may be made without any credential for a destination: then it only
// counts what a run would need one for.
func (r *run) writable(ctx context.Context, to registry.Repository) error {
	err := r.looks.writable(ctx, to)
	var push *registry.PushError
	if r.opts.Mode == ModePlan && errors.As(err, &push) && push.Anonymous {
		r.book.needsCredential(to.Host)
		return nil
	}
	return err
}

func (r *run) write(ctx context.Context, src *transfer.Source, w *tags.Move) error {
	m, err := src.Image(ctx)
	if err != nil {
		return err
	}
	if w.Digest = m.Digest; w.Destination.Tag != "" {
		m.Digest = digest.FromBytes(m.Body) // the digest that registries report for tags, whatever the source was requested by
	}
	v := r.copier.Visit(src, w.To)
	if err := r.copier.Bring(ctx, v, m, w.Had); err != nil {
		return err
	}
	if err := r.keeper.Write(ctx, v, w, m); err != nil {
		return err
	}
	return r.follow(ctx, src, w)
}

// follow copies the referrers of an image. If they are not wanted, it counts
// those that are known.
func (r *run) follow(ctx context.Context, src *transfer.Source, w *tags.Move) error {
	if r.follower == nil {
		r.left.Add(src)
		return nil
	}
	wrote, err := r.follower.Follow(ctx, src, w.To)
	if wrote > 0 {
		w.Details = append(w.Details, fmt.Sprintf("referrers copied: %d", wrote))
	}
	return err
}

// merge adds to a tag that is a list of referrers; isList is false for other
// tags.
func (r *run) merge(ctx context.Context, src *transfer.Source, w *tags.Move, result *Entry) (isList bool, err error) {
	isList, wrote, err := r.follower.Merge(ctx, src, w)
	if !isList {
		return false, err
	}
	switch result.Outcome = Copied; {
	case !wrote:
		result.Outcome, result.Previous = Unchanged, ""
	case r.opts.Mode == ModePlan:
		result.Outcome = Planned
	case r.opts.Mode == ModeCheck && w.Had == "":
		result.Outcome = Absent
	case r.opts.Mode == ModeCheck:
		result.Outcome = Differs
	}
	result.Details = append(result.Details, "list of referrers: merged with that of the source")
	return true, err
}
