package tags

import (
	"context"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// Overwrite decides which tags may be moved from one image to another. A tag
// that does not exist is written in any case.
type Overwrite string

// The decisions.
const (
	Always Overwrite = "always"
	Ours   Overwrite = "changed-by-us" // those that hold what was mirrored to them last
	Never  Overwrite = "never"
)

// lookAgain is after how long a destination is looked at once more before its
// tag is moved, when nothing else asks for it.
const lookAgain = 10 * time.Second

// Options make a [Keeper]. Client, Copier, Writer and Now must be set.
type Options struct {
	Client *registry.Client
	Copier *transfer.Copier
	Writer transfer.Writer

	Dry       bool // Writer writes nothing
	Overwrite Overwrite
	Immutable []mapping.Glob // tags that are never moved, whatever Overwrite says
	Adopt     bool           // takes what the tags hold for what was mirrored to them
	Backup    *mapping.Backup
	// Written reports whether a run writes a destination, given in canonical form,
	// so that no backup takes its place. It may be nil where Backup is.
	Written func(canonical string) bool
	Now     func() time.Time
	Note    func(format string, args ...any)
}

// Keeper moves tags. It may be used by many goroutines.
type Keeper struct {
	opts    Options
	records *records
}

// New makes a keeper.
func New(opts Options) *Keeper {
	return &Keeper{opts: opts, records: newRecords(opts)}
}

// Immutable returns the pattern that keeps a tag from being moved.
func (k *Keeper) Immutable(dest mapping.Reference) (mapping.Glob, bool) {
	for _, g := range k.opts.Immutable {
		if g.Match(dest) {
			return g, true
		}
	}
	return mapping.Glob{}, false
}

// careful reports whether a tag has to be looked at right before it is written:
// something may keep it from being moved, or what it holds is to be kept.
func (k *Keeper) careful(dest mapping.Reference) bool {
	_, immutable := k.Immutable(dest)
	return dest.Tag != "" && (k.opts.Backup != nil || immutable || k.opts.Overwrite != Always)
}

// Protect returns a [*ProtectedError] for a tag that holds another image and
// has to stay as it is; nil when it may be moved.
func (k *Keeper) Protect(ctx context.Context, m *Move) error {
	if m.Destination.Tag == "" || m.Had == "" {
		return nil
	}
	if g, ok := k.Immutable(m.Destination); ok {
		return &ProtectedError{fmt.Sprintf("it holds %s and is immutable (%s): not overwritten", m.Had, g)}
	}
	switch k.opts.Overwrite {
	case Never:
		return &ProtectedError{fmt.Sprintf("it holds %s, and --overwrite is never: not overwritten", m.Had)}
	case Ours:
		return k.records.ours(ctx, m)
	}
	return nil
}

// Adopt records what a tag holds as mirrored, where that is asked for.
func (k *Keeper) Adopt(ctx context.Context, m *Move) error {
	if !k.opts.Adopt {
		return nil
	}
	return k.records.adopt(ctx, m)
}

// Write moves the tag to an image that is in the repository but for its own
// manifest.
func (k *Keeper) Write(ctx context.Context, v *transfer.Visit, m *Move, image registry.Manifest) error {
	if err := k.recheck(ctx, m, image.Digest); err != nil || m.Present {
		return err
	}
	if err := k.backup(ctx, m, image.Digest); err != nil {
		return err
	}
	if err := k.records.announce(ctx, m, image.Digest); err != nil {
		return err
	}
	if err := k.opts.Copier.Put(ctx, v, m.Ref(image.Digest), image, 0, k.again(ctx, m, image.Digest)); err != nil {
		return err
	}
	k.records.settle(ctx, m, image.Digest)
	return nil
}

// again makes what has to be seen to before a tag is tried to be written once
// more, perhaps minutes after the last look: done reports that it holds the
// image by now, because the answer to our own write was lost or somebody wrote
// the same. It is nil where any tag may be moved unseen.
func (k *Keeper) again(ctx context.Context, m *Move, want digest.Digest) func() (done bool, err error) {
	if !k.careful(m.Destination) {
		return nil
	}
	return func() (bool, error) {
		had, details := m.Had, m.Details
		if err := k.recheck(ctx, m, want); err != nil {
			return false, err
		}
		switch {
		case m.Present:
			m.Present, m.Had, m.Details = false, had, details
			return true, nil
		case m.Had == had:
			return false, nil
		}
		if err := k.backup(ctx, m, want); err != nil {
			return false, err
		}
		return false, k.records.announce(ctx, m, want)
	}
}

// recheck looks at the tag once more where somebody may have moved it since the
// last look: after a long copy, and always where it may be protected. Registries
// know no conditional write, so that what happens within one request is not
// noticed.
func (k *Keeper) recheck(ctx context.Context, m *Move, want digest.Digest) error {
	careful := k.careful(m.Destination)
	if m.Destination.Tag == "" || k.opts.Dry || !careful && k.opts.Now().Sub(m.Looked) < lookAgain {
		return nil
	}
	now, err := k.opts.Client.Resolve(ctx, m.To, m.Destination.Tag)
	switch {
	case err == nil, registry.NotFound(err):
	case careful:
		return fmt.Errorf("cannot determine whether the tag may be overwritten: %w", err)
	default:
		return nil
	}
	if now.Digest == m.Had {
		return nil
	}
	before, after := holding(m.Had), holding(now.Digest)
	m.Had = now.Digest
	if m.Present = now.Digest == want; m.Present {
		m.Details = append(m.Details, "another client wrote it during the copy")
		return nil
	}
	if err := k.Protect(ctx, m); err != nil {
		return err
	}
	text := fmt.Sprintf("the tag changed from %s to %s during the copy, and was overwritten", before, after)
	m.Details = append(m.Details, text)
	k.opts.Note("%s: %s", m.Destination.Exact(), text)
	return nil
}

func holding(d digest.Digest) string {
	if d == "" {
		return "nothing"
	}
	return string(d)
}

// backup keeps what a tag holds under another tag. No blob is copied: it is the
// same repository.
func (k *Keeper) backup(ctx context.Context, m *Move, want digest.Digest) error {
	if k.opts.Backup == nil || m.Destination.Tag == "" || m.Had == "" || m.Had == want {
		return nil
	}
	name, err := k.opts.Backup.Name(m.Destination.Tag, string(m.Had), k.opts.Now())
	if err == nil {
		err = k.keep(ctx, m, name)
	}
	if err != nil {
		return fmt.Errorf("tag not moved: cannot back up its image: %w", err)
	}
	m.Backup = name
	m.Details = append(m.Details, "backup: "+name)
	return nil
}

func (k *Keeper) keep(ctx context.Context, m *Move, name string) error {
	at := m.Destination
	at.Tag = name
	if k.opts.Written(at.Canonical()) {
		return fmt.Errorf("its backup would use the tag %s, which is also a destination", name)
	}
	if g, ok := k.Immutable(at); ok {
		have, err := k.opts.Client.Resolve(ctx, m.To, name)
		switch {
		case err == nil && have.Digest == m.Had:
			return nil
		case err == nil:
			return fmt.Errorf("the tag %s holds %s and is immutable (%s)", name, have.Digest, g)
		case !registry.NotFound(err):
			return err
		}
	}
	held, err := k.opts.Client.Manifest(ctx, m.To, string(m.Had))
	if err != nil {
		return err
	}
	if _, err = k.opts.Writer.PutManifest(ctx, m.To, name, held, nil); err == nil {
		k.opts.Copier.Wrote()
	}
	return err
}
