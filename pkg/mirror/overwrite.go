package mirror

import (
	"context"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Overwrite says which tags may be moved from one image to another. A tag that
// does not exist is written in any case.
type Overwrite string

// The answers.
const (
	OverwriteAlways Overwrite = "always"
	OverwriteOurs   Overwrite = "changed-by-us" // those that hold what we gave them last
	OverwriteNever  Overwrite = "never"
)

// lookAgain is after how long a destination is looked at once more before its
// tag is moved, when nothing else asks for it.
const lookAgain = 10 * time.Second

// move is one destination that is given an image.
type move struct {
	to     registry.Repository
	dest   mapping.Reference
	had    digest.Digest // what the tag held when we looked; "" for nothing
	looked time.Time

	digest  digest.Digest // of what is written, once that is known
	details []string
	backup  string // the tag under which had is kept
	present bool   // the image is there: somebody else wrote it
}

// ref is what the image is written under: the tag, or its own digest.
func (w *move) ref(want digest.Digest) string {
	if w.dest.Tag == "" {
		return string(want)
	}
	return w.dest.Tag
}

// immutable gives the pattern that keeps a tag from being moved.
func (r *run) immutable(dest mapping.Reference) (mapping.Glob, bool) {
	for _, g := range r.opts.Immutable {
		if g.Match(dest) {
			return g, true
		}
	}
	return mapping.Glob{}, false
}

// guarded says whether anything may keep a tag from being moved.
func (r *run) guarded(dest mapping.Reference) bool {
	_, immutable := r.immutable(dest)
	return dest.Tag != "" && (immutable || r.opts.Overwrite != OverwriteAlways)
}

// careful says whether a tag has to be looked at right before it is written:
// something may keep it from being moved, or what it holds is to be kept.
func (r *run) careful(dest mapping.Reference) bool {
	return dest.Tag != "" && (r.opts.Backup != nil || r.guarded(dest))
}

// beforeAgain makes what has to be seen to before a tag is tried to be written
// once more, perhaps minutes after the last look: done says that it holds the
// image by now, because the answer to our own write was lost or somebody wrote
// the same. It is nil where any tag may be moved unseen.
func (r *run) beforeAgain(ctx context.Context, w *move, want digest.Digest) func() (done bool, err error) {
	if !r.careful(w.dest) {
		return nil
	}
	return func() (bool, error) {
		had, details := w.had, w.details
		if err := r.recheck(ctx, w, want); err != nil {
			return false, err
		}
		switch {
		case w.present:
			w.present, w.had, w.details = false, had, details
			return true, nil
		case w.had == had:
			return false, nil
		}
		if err := r.backup(ctx, w, want); err != nil {
			return false, err
		}
		return false, r.announce(ctx, w, want)
	}
}

// protect says why a tag that holds another image stays as it is; nil when it
// may be moved.
func (r *run) protect(ctx context.Context, w *move) error {
	if w.dest.Tag == "" || w.had == "" {
		return nil
	}
	if g, ok := r.immutable(w.dest); ok {
		return &protectedError{fmt.Sprintf("it holds %s and is immutable (%s): left as it is", w.had, g)}
	}
	switch r.opts.Overwrite {
	case OverwriteNever:
		return &protectedError{fmt.Sprintf("it holds %s, and nothing is overwritten: left as it is", w.had)}
	case OverwriteOurs:
		return r.ours(ctx, w)
	}
	return nil
}

// write moves the tag to an image that is in the repository but for its own
// manifest.
func (r *run) write(ctx context.Context, v *visit, w *move, m registry.Manifest) error {
	if err := r.recheck(ctx, w, m.Digest); err != nil || w.present {
		return err
	}
	if err := r.backup(ctx, w, m.Digest); err != nil {
		return err
	}
	if err := r.announce(ctx, w, m.Digest); err != nil {
		return err
	}
	if err := r.put(ctx, v, w.ref(m.Digest), m, 0, r.beforeAgain(ctx, w, m.Digest)); err != nil {
		return err
	}
	r.settle(ctx, w, m.Digest)
	return nil
}

// recheck looks at the tag once more where somebody may have moved it since we
// looked: after a long copy, and always where it may be protected. Registries
// know no conditional write, so that what happens within one request is not
// noticed.
func (r *run) recheck(ctx context.Context, w *move, want digest.Digest) error {
	careful := r.careful(w.dest)
	if w.dest.Tag == "" || r.opts.Mode != ModeRun || !careful && r.opts.Now().Sub(w.looked) < lookAgain {
		return nil
	}
	now, err := r.client.Resolve(ctx, w.to, w.dest.Tag)
	switch {
	case err == nil, registry.NotFound(err):
	case careful:
		return fmt.Errorf("whether the tag may be written cannot be seen: %w", err)
	default:
		return nil
	}
	if now.Digest == w.had {
		return nil
	}
	before, after := holding(w.had), holding(now.Digest)
	w.had = now.Digest
	if w.present = now.Digest == want; w.present {
		w.details = append(w.details, "somebody else wrote it while it was copied")
		return nil
	}
	if err := r.protect(ctx, w); err != nil {
		return err
	}
	text := fmt.Sprintf("the tag went from %s to %s while the image was copied, and was overwritten", before, after)
	w.details = append(w.details, text)
	r.note("%s: %s", w.dest.Exact(), text)
	return nil
}

func holding(d digest.Digest) string {
	if d == "" {
		return "nothing"
	}
	return string(d)
}
