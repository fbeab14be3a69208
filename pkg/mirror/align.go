package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/referrers"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// aligner makes destinations equal to their sources, both of which have been
// read.
type aligner struct {
	opts     Options
	book     *book
	looks    *looks
	scouting *scouting
	copier   *transfer.Copier
	keeper   *tags.Keeper
	follower *referrers.Follower // nil: referrers are not copied
	left     *referrers.Left
}

func newAligner(opts Options, b *book, lists *tags.Lists, jobs []*job, filter transfer.Filter, w transfer.Writer) *aligner {
	dry := opts.Mode != ModeRun
	a := &aligner{opts: opts, book: b, left: referrers.NewLeft(lists)}
	a.copier = transfer.New(transfer.Options{
		Client: opts.Client, Writer: w, Filter: filter, Mount: !opts.SkipMount, Dry: dry, Force: opts.Force, Deep: opts.Deep,
		Now: opts.Now, Note: b.note, Expect: opts.Monitor.expectBytes, Sent: sent,
	})
	a.keeper = tags.New(tags.Options{
		Client: opts.Client, Copier: a.copier, Writer: w, Dry: dry,
		Overwrite: opts.Overwrite, Immutable: opts.Immutable, Adopt: opts.Adopt, Backup: opts.Backup,
		Written: writtenBy(jobs, opts.Backup != nil), Now: opts.Now, Note: b.note,
	})
	if opts.Referrers {
		a.follower = referrers.New(referrers.Options{
			Client: opts.Client, Copier: a.copier, Keeper: a.keeper, Lists: lists, Filter: filter, Moves: opts.move, Note: b.note,
		})
	}
	return a
}

// align does what the mode requires with a destination that was read.
func (a *aligner) align(ctx context.Context, src *transfer.Source, w *tags.Move, l *look) (Entry, error) {
	if err := blind(l.err, a.opts.Mode); err != nil {
		return Entry{}, err
	}
	have, there := l.have, l.err == nil
	if there {
		a.copier.Holds(src.Repo, w.To, have)
	}
	w.Had = have.Digest
	result := Entry{Previous: string(have.Digest)}
	same := there && have.Digest == src.Root.Digest
	if a.opts.Mode == ModeRun && (!same || a.opts.Force || a.opts.Deep || a.opts.Adopt || a.follower != nil) {
		if err := a.scouting.before(ctx, w.Destination.Canonical()); err != nil {
			return result, err
		}
	}
	var err error
	if !same && a.follower != nil {
		if isList, err := a.merge(ctx, src, w, &result); isList || err != nil {
			return result, err
		}
	}
	if there && !same {
		if same, err = a.differs(ctx, src, w, have.Digest); err != nil {
			return result, err
		}
	}
	if a.opts.Mode == ModeCheck {
		return a.compare(ctx, src, w, have, same, result)
	}
	if same && !a.opts.Force {
		return a.leave(ctx, src, w)
	}
	return a.bring(ctx, src, w)
}

// differs checks whether two digests are of one image after all: with another
// algorithm, or reported wrongly by a registry. Nothing is reported or done
// before that is known. The error is that of a protected tag, or of a source
// that cannot be read.
func (a *aligner) differs(ctx context.Context, src *transfer.Source, w *tags.Move, have digest.Digest) (same bool, err error) {
	m, err := src.Image(ctx)
	w.Digest = m.Digest
	if err == nil && m.Is(have) {
		return true, nil
	}
	return false, cmp.Or(a.keeper.Protect(ctx, w), err)
}

// leave leaves a destination unchanged that holds its source.
func (a *aligner) leave(ctx context.Context, src *transfer.Source, w *tags.Move) (Entry, error) {
	if err := a.keeper.Adopt(ctx, w); err != nil {
		return Entry{}, err
	}
	repaired := false
	if a.opts.Deep {
		var err error
		if repaired, err = a.copier.Repair(ctx, src, w.To); err != nil {
			return Entry{Outcome: Unchanged, Details: w.Details}, err
		}
	}
	err := a.follow(ctx, src, w)
	result := Entry{Outcome: Unchanged, Details: w.Details}
	switch {
	case repaired && a.opts.Mode == ModePlan:
		result.Outcome, result.Details = Planned, append(result.Details, partsMissing)
	case repaired:
		result.Outcome = Repaired
	}
	return result, err
}

// bring copies everything below an image into the repository and then moves the
// tag.
func (a *aligner) bring(ctx context.Context, src *transfer.Source, w *tags.Move) (Entry, error) {
	if a.book.ended(ctx) {
		return Entry{Previous: string(w.Had)}, errInterrupted
	}
	err := cmp.Or(a.looks.refusal(w.To), a.writable(ctx, w.To))
	if err == nil {
		err = a.write(ctx, src, w)
		a.looks.noteWrite(w.To, err)
	}
	result := Entry{Outcome: Copied, Previous: string(w.Had), Backup: w.Backup, Details: w.Details}
	switch {
	case w.Present:
		result.Outcome, result.Previous = Unchanged, ""
	case a.opts.Mode == ModePlan:
		result.Outcome = Planned
	}
	return result, err
}

// writable returns why a repository cannot be written, as far as that is known
// before. A plan may be made without any credential for a destination: then it only
// counts what a run would need one for.
func (a *aligner) writable(ctx context.Context, to registry.Repository) error {
	err := a.looks.writable(ctx, to)
	var push *registry.PushError
	if a.opts.Mode == ModePlan && errors.As(err, &push) && push.Anonymous {
		a.book.needsCredential(to.Host)
		return nil
	}
	return err
}

func (a *aligner) write(ctx context.Context, src *transfer.Source, w *tags.Move) error {
	m, err := src.Image(ctx)
	if err != nil {
		return err
	}
	if w.Digest = m.Digest; w.Destination.Tag != "" {
		m.Digest = digest.FromBytes(m.Body) // the digest that registries report for tags, whatever the source was requested by
	}
	v := a.copier.Visit(src, w.To)
	if err := a.copier.Bring(ctx, v, m, w.Had); err != nil {
		return err
	}
	if err := a.keeper.Write(ctx, v, w, m); err != nil {
		return err
	}
	return a.follow(ctx, src, w)
}

// follow copies the referrers of an image. If they are not wanted, it counts
// those that are known.
func (a *aligner) follow(ctx context.Context, src *transfer.Source, w *tags.Move) error {
	if a.follower == nil {
		a.left.Add(src)
		return nil
	}
	wrote, err := a.follower.Follow(ctx, src, w.To)
	if wrote > 0 {
		w.Details = append(w.Details, fmt.Sprintf("referrers copied: %d", wrote))
	}
	return err
}

// merge adds to a tag that is a list of referrers; isList is false for other
// tags.
func (a *aligner) merge(ctx context.Context, src *transfer.Source, w *tags.Move, result *Entry) (isList bool, err error) {
	isList, wrote, err := a.follower.Merge(ctx, src, w)
	if !isList {
		return false, err
	}
	switch result.Outcome = Copied; {
	case !wrote:
		result.Outcome, result.Previous = Unchanged, ""
	case a.opts.Mode == ModePlan:
		result.Outcome = Planned
	case a.opts.Mode == ModeCheck && w.Had == "":
		result.Outcome = Absent
	case a.opts.Mode == ModeCheck:
		result.Outcome = Differs
	}
	result.Details = append(result.Details, "list of referrers: merged with that of the source")
	return true, err
}
