package transfer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Options make a [Copier]. Client and Now must be set.
type Options struct {
	Client *registry.Client
	Writer Writer // nil: Client
	Filter Filter
	Mount  bool // blobs may be mounted from other repositories
	Dry    bool // Writer writes nothing
	// Force looks for everything below an image, whatever its manifests say.
	Force bool
	// Deep does not take the manifest of an image in a repository for a sign that
	// all below it is there.
	Deep bool
	Now  func() time.Time

	Note func(format string, args ...any) // takes notes for a person; nil: none are taken
	// Expect adds to the bytes that are sent or may have to be: of blobs that were
	// not looked for yet, of those being sent, and of those that were. It may be nil.
	Expect func(bytes int64)
	Sent   func(ctx context.Context, size int64) // is called after a blob was sent; may be nil
}

func (o Options) withDefaults() Options {
	if o.Writer == nil {
		o.Writer = o.Client
	}
	if o.Note == nil {
		o.Note = func(string, ...any) {}
	}
	if o.Expect == nil {
		o.Expect = func(int64) {}
	}
	if o.Sent == nil {
		o.Sent = func(context.Context, int64) {}
	}
	return o
}

// waiting begins to count the time for which another image is waited for.
func (o Options) waiting(ctx context.Context, on string) (done func()) {
	start := o.Now()
	return func() { throttle.TallyOf(ctx).Waited(throttle.WaitImage, on, o.Now().Sub(start)) }
}

// Copier brings images into repositories. It may be used by many goroutines.
type Copier struct {
	opts      Options
	blobs     *blobs
	learner   *learner
	started   flight.Group[part, struct{}]
	occupied  sync.Map // registry.Repository: it has a manifest that we know of
	manifests atomic.Int64
}

// part is something that is brought into a repository once in a run.
type part struct {
	to     registry.Repository
	digest digest.Digest
	deep   bool
	below  bool // what is below the manifest, without the manifest
}

// New makes a copier.
func New(opts Options) *Copier {
	opts = opts.withDefaults()
	b := newBlobs(opts)
	c := &Copier{opts: opts, blobs: b, learner: &learner{client: opts.Client, blobs: b}}
	c.started.Forget = registry.Unavailable // it may work for the next who asks
	c.started.Wait = func(ctx context.Context, p part) func() { return opts.waiting(ctx, p.to.String()) }
	return c
}

// Moved counts what was written (in a dry run: what would be, as long as the
// registries take every mount; what they decline is sent).
type Moved struct {
	Blobs     int64 `json:"blobs"`
	BlobBytes int64 `json:"blobBytes"`
	Mounts    int64 `json:"mounts"`
	// MountedBytes are those of the blobs that were mounted and so not sent.
	MountedBytes int64 `json:"mountedBytes,omitempty"`
	Manifests    int64 `json:"manifests"`
}

// Moved returns what was written so far.
func (c *Copier) Moved() Moved {
	return Moved{
		Blobs: c.blobs.sent.Load(), BlobBytes: c.blobs.bytes.Load(),
		Mounts: c.blobs.mounts.Load(), MountedBytes: c.blobs.mountBytes.Load(), Manifests: c.manifests.Load(),
	}
}

// Wrote counts a manifest that was written past the copier.
func (c *Copier) Wrote() { c.manifests.Add(1) }

// Occupy notes that a repository has manifests, so that it is worth asking it
// for them.
func (c *Copier) Occupy(repo registry.Repository) { c.occupied.Store(repo, true) }

// Holds notes that a destination of images from a repository has an image.
func (c *Copier) Holds(from, to registry.Repository, have ocispec.Descriptor) {
	c.Occupy(to)
	c.learner.holds(from, to, have)
}

// Visit is one image on its way into one repository.
type Visit struct {
	Source *Source
	To     registry.Repository

	deep      bool // believe nothing that the destination's manifests say
	whole     bool // the filter does not concern it
	manifests atomic.Int64
	changed   atomic.Bool
	wrote     *atomic.Int64
}

// Visit begins to bring an image into a repository.
func (c *Copier) Visit(src *Source, to registry.Repository) *Visit {
	return &Visit{Source: src, To: to, deep: c.opts.Force, wrote: &atomic.Int64{}}
}

// Beside begins to bring what belongs to an image into the same repository, all
// of it whatever the filter. What it writes is counted with what the first visit
// writes.
func (v *Visit) Beside(src *Source) *Visit {
	return &Visit{Source: src, To: v.To, deep: v.deep, whole: true, wrote: v.wrote}
}

// Wrote returns how many manifests were written.
func (v *Visit) Wrote() int64 { return v.wrote.Load() }

// Bring brings everything below a manifest into the repository, unless the
// repository has the manifest. had is the image that the tag holds which is to
// be moved, or "".
func (c *Copier) Bring(ctx context.Context, v *Visit, m registry.Manifest, had digest.Digest) error {
	return c.once(ctx, v, part{to: v.To, digest: m.Digest, deep: v.deep, below: true}, func() error {
		if has, err := c.has(ctx, v, m.Digest); err != nil || has {
			return err
		}
		if !v.deep && !c.opts.Deep {
			c.learner.learn(ctx, v, m, had)
		}
		return c.below(ctx, v, m, 0)
	})
}

// Repair looks behind an image that the repository has and brings what is
// missing; changed reports whether anything was.
func (c *Copier) Repair(ctx context.Context, src *Source, to registry.Repository) (changed bool, err error) {
	v := c.Visit(src, to)
	v.deep = true
	m, err := src.Image(ctx)
	if err != nil {
		return false, err
	}
	err = c.once(ctx, v, part{to: to, digest: m.Digest, deep: true, below: true}, func() error { return c.below(ctx, v, m, 0) })
	return v.changed.Load(), err
}

// once does something for the first who asks for it. A failure is shared only by
// those who read from the same source, and that of a registry in trouble only by
// those who wait for it.
func (c *Copier) once(ctx context.Context, v *Visit, p part, f func() error) error {
	from := v.Source.Repo
	shares := func(err error) bool { return readFrom(err, from) }
	_, err := c.started.DoShared(ctx, p, shares, func() (struct{}, error) {
		return struct{}{}, failedFrom(from, f())
	})
	return plain(err)
}

// has reports whether the destination has a manifest, so that everything below
// it is there, unless that is what is looked at. A repository in which nothing is
// known to be is not asked.
func (c *Copier) has(ctx context.Context, v *Visit, d digest.Digest) (bool, error) {
	if _, ok := c.occupied.Load(v.To); !ok || v.deep || c.opts.Deep {
		return false, nil
	}
	return c.Exists(ctx, v.To, d)
}

// Exists asks a repository for a manifest; the error is for a registry that
// cannot be asked.
func (c *Copier) Exists(ctx context.Context, repo registry.Repository, d digest.Digest) (bool, error) {
	_, err := c.opts.Client.Resolve(ctx, repo, string(d))
	if registry.StatusOf(err) != 0 && !registry.Unavailable(err) {
		return false, nil
	}
	return err == nil, err
}

// Put writes a manifest under a tag or its digest. When the registry refuses it
// because something below it is missing, though it seemed to be there, that is
// brought once more. depth counts the indexes above it; again is that of [registry.Client.PutManifest].
func (c *Copier) Put(ctx context.Context, v *Visit, ref string, m registry.Manifest, depth int, again func() (bool, error)) error {
	_, err := c.opts.Writer.PutManifest(ctx, v.To, ref, m, again)
	if incomplete(err) && !v.deep {
		if err := c.bringAgain(ctx, v, m, depth); err != nil {
			return err
		}
		if again != nil {
			if done, err := again(); err != nil || done {
				return err
			}
		}
		_, err = c.opts.Writer.PutManifest(ctx, v.To, ref, m, again)
	}
	switch {
	case incomplete(err) && holdsBlobs(m):
		return fmt.Errorf("the registry rejects an index of blobs, such as a BuildKit cache that was not built with image-manifest=true: %w", err)
	case c.opts.Filter.Platform != nil && incomplete(err):
		return &SparseError{err}
	case err != nil:
		return fmt.Errorf("writing the manifest: %w", err)
	}
	v.changed.Store(true)
	v.wrote.Add(1)
	c.manifests.Add(1)
	return nil
}

// holdsBlobs reports whether a manifest is an index of blobs.
func holdsBlobs(m registry.Manifest) bool {
	content, err := m.Content()
	return err == nil && slices.ContainsFunc(content.Children, isBlob)
}

// SparseError is the error of a registry that takes an index only with all of
// its children.
type SparseError struct{ Err error }

func (e *SparseError) Error() string {
	return fmt.Sprintf("the registry accepts an index only with all of its platforms: copy all of them, or one without the index: %v", e.Err)
}

// Unwrap returns the answer of the registry.
func (e *SparseError) Unwrap() error { return e.Err }

// bringAgain brings what is below a manifest and believes nothing.
func (c *Copier) bringAgain(ctx context.Context, v *Visit, m registry.Manifest, depth int) error {
	content, err := m.Content()
	if err != nil {
		return err
	}
	h := c.blobs.host(v.To.Host)
	for _, b := range content.Blobs {
		h.doubts(v.To.Path, b.Digest)
	}
	return c.below(ctx, &Visit{Source: v.Source, To: v.To, deep: true, whole: v.whole, wrote: &atomic.Int64{}}, m, depth)
}
