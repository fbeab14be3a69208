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

// Overwrite decides which tags may be moved from one image to another. A
// missing tag is always written.
type Overwrite string

// The values of Overwrite.
const (
	Always Overwrite = "always"
	Ours   Overwrite = "changed-by-us" // those that hold what mirror pushed there last
	Never  Overwrite = "never"
)

// lookAgain is the age of a read after which a tag is read again before it is
// moved, even if nothing else requires that.
const lookAgain = 10 * time.Second

// Options configure a [Keeper]. Client, Copier, Writer and Now must be set.
type Options struct {
	Client *registry.Client
	Copier *transfer.Copier
	Writer transfer.Writer

	Dry       bool // Writer writes nothing
	Overwrite Overwrite
	Immutable []mapping.Glob // tags that are never moved, whatever Overwrite says
	Adopt     bool           // treats current tags as mirrored by us
	Backup    *mapping.Backup
	// Written reports whether a run writes a destination, in canonical form, so
	// that no backup replaces it. It may be nil if Backup is.
	Written func(canonical string) bool
	Now     func() time.Time
	Note    func(format string, args ...any)
}

// Keeper moves tags. It is safe for concurrent use.
type Keeper struct {
	opts    Options
	records *records
}

// New returns a keeper.
func New(opts Options) *Keeper {
	return &Keeper{opts: opts, records: newRecords(opts)}
}

// Immutable returns the pattern that protects a tag.
func (k *Keeper) Immutable(dest mapping.Reference) (mapping.Glob, bool) {
	for _, g := range k.opts.Immutable {
		if g.Match(dest) {
			return g, true
		}
	}
	return mapping.Glob{}, false
}

// careful reports whether a tag has to be read right before the push: it may be
// protected, or needs a backup.
func (k *Keeper) careful(dest mapping.Reference) bool {
	_, immutable := k.Immutable(dest)
	return dest.Tag != "" && (k.opts.Backup != nil || immutable || k.opts.Overwrite != Always)
}

// Protect returns a [*ProtectedError] for a protected tag that holds another
// image, and nil if it may be moved.
func (k *Keeper) Protect(ctx context.Context, m *Move) error {
	if m.Destination.Tag == "" || m.Had == "" {
		return nil
	}
	if g, ok := k.Immutable(m.Destination); ok {
		return &ProtectedError{fmt.Sprintf("it holds %s and is immutable (%s): not overwritten", m.Had, g)}
	}
	switch k.opts.Overwrite {
	case Never:
		return &ProtectedError{fmt.Sprintf("it holds %s, and the overwrite policy is %q: not overwritten", m.Had, Never)}
	case Ours:
		return k.records.ours(ctx, m)
	}
	return nil
}

// Adopt records the content of a tag as mirrored, if the options say so.
func (k *Keeper) Adopt(ctx context.Context, m *Move) error {
	if !k.opts.Adopt {
		return nil
	}
	return k.records.adopt(ctx, m)
}

// Write moves the tag to an image that is in the repository except for its own
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

// again returns what has to be checked before a push of a tag is retried,
// perhaps minutes after the last read: done reports that it holds the image
// now, because the answer to our own push was lost or somebody pushed the same.
// It returns nil if any tag may be moved without a check.
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

// recheck reads the tag again if somebody may have moved it since the last
// read: after a long copy, and always if it may be protected. Registries have
// no conditional write, so a change during one request is not noticed.
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

// backup keeps the content of a tag under another tag. It copies no blob,
// because the repository is the same.
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
	if err = k.opts.Writer.PutManifest(ctx, m.To, name, held, nil); err == nil {
		k.opts.Copier.Wrote()
	}
	return err
}
