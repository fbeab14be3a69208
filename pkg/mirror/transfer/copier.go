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

// Options configure a [Copier]. Client and Now must be set.
type Options struct {
	Client *registry.Client
	Writer Writer // nil: Client
	Filter Filter
	Mount  bool // blobs may be mounted from other repositories
	Dry    bool // Writer writes nothing
	// Force checks everything below an image, whatever its manifests say.
	Force bool
	// Deep does not trust that a manifest in a repository means that everything
	// below it exists.
	Deep bool
	Now  func() time.Time

	Note func(format string, args ...any) // takes notes for people; nil: none
	// Expect adds to the bytes that are sent or may have to be sent: of blobs
	// that were not checked yet, and of those being sent or sent. It may be
	// nil.
	Expect func(bytes int64)
	Sent   func(ctx context.Context, size int64) // called after a blob was sent; may be nil
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

// waiting starts to count the time of waiting for another image.
func (o Options) waiting(ctx context.Context, on string) (done func()) {
	start := o.Now()
	return func() { throttle.TallyOf(ctx).Waited(throttle.WaitImage, on, o.Now().Sub(start)) }
}

// Copier copies images into repositories. It is safe for concurrent use.
type Copier struct {
	opts      Options
	blobs     *blobs
	learner   *learner
	started   flight.Group[part, struct{}]
	occupied  sync.Map // registry.Repository: it has a known manifest
	manifests atomic.Int64
}

// part is something that is copied into a repository once in a run.
type part struct {
	to     registry.Repository
	digest digest.Digest
	deep   bool
	below  bool // everything below the manifest, without the manifest
}

// New returns a copier.
func New(opts Options) *Copier {
	opts = opts.withDefaults()
	b := newBlobs(opts)
	c := &Copier{opts: opts, blobs: b, learner: &learner{client: opts.Client, blobs: b}}
	c.started.Forget = registry.Unavailable // a retry may succeed
	c.started.Wait = func(ctx context.Context, p part) func() { return opts.waiting(ctx, p.to.String()) }
	return c
}

// Moved counts what was written (in a dry run: what would be written, as long
// as the registries accept every mount; what they refuse is sent).
type Moved struct {
	Blobs     int64 `json:"blobs"`
	BlobBytes int64 `json:"blobBytes"`
	Mounts    int64 `json:"mounts"`
	// MountedBytes are those of the blobs that were mounted instead of sent.
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

// Wrote counts a manifest that was written without the copier.
func (c *Copier) Wrote() { c.manifests.Add(1) }

// Occupy records that a repository has manifests, so that requests for them are
// worthwhile.
func (c *Copier) Occupy(repo registry.Repository) { c.occupied.Store(repo, true) }

// Holds records that a destination of images from a repository has an image.
func (c *Copier) Holds(from, to registry.Repository, have ocispec.Descriptor) {
	c.Occupy(to)
	c.learner.holds(from, to, have)
}

// Visit is the copy of one image into one repository.
type Visit struct {
	Source *Source
	To     registry.Repository

	deep      bool // do not trust the destination's manifests
	whole     bool // the filter does not apply
	manifests atomic.Int64
	changed   atomic.Bool
	wrote     *atomic.Int64
}

// Visit starts to copy an image into a repository.
func (c *Copier) Visit(src *Source, to registry.Repository) *Visit {
	return &Visit{Source: src, To: to, deep: c.opts.Force, wrote: &atomic.Int64{}}
}

// Beside starts to copy what belongs to an image into the same repository,
// whatever the filter says. Its writes count as those of the first visit.
func (v *Visit) Beside(src *Source) *Visit {
	return &Visit{Source: src, To: v.To, deep: v.deep, whole: true, wrote: v.wrote}
}

// Wrote returns how many manifests were written.
func (v *Visit) Wrote() int64 { return v.wrote.Load() }

// Bring copies everything below a manifest into the repository, unless the
// repository has the manifest. had is the current image of the tag that will be
// moved, or "".
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

// Repair checks everything below an image in the repository and copies what is
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

// once does something for the first caller; others get its result. A failure is
// shared only by callers that read from the same source, and the failure of an
// unavailable registry only by callers that wait for it.
func (c *Copier) once(ctx context.Context, v *Visit, p part, f func() error) error {
	from := v.Source.Repo
	shares := func(err error) bool { return readFrom(err, from) }
	_, err := c.started.DoShared(ctx, p, shares, func() (struct{}, error) {
		return struct{}{}, failedFrom(from, f())
	})
	return plain(err)
}

// has reports whether the destination has a manifest, so that everything below
// it exists, unless just that is being checked. An empty repository gets no
// request.
func (c *Copier) has(ctx context.Context, v *Visit, d digest.Digest) (bool, error) {
	if _, ok := c.occupied.Load(v.To); !ok || v.deep || c.opts.Deep {
		return false, nil
	}
	return c.Exists(ctx, v.To, d)
}

// Exists reports whether a repository has a manifest; the error is for a
// registry that cannot be reached.
func (c *Copier) Exists(ctx context.Context, repo registry.Repository, d digest.Digest) (bool, error) {
	_, err := c.opts.Client.Resolve(ctx, repo, string(d))
	if registry.StatusOf(err) != 0 && !registry.Unavailable(err) {
		return false, nil
	}
	return err == nil, err
}

// Put pushes a manifest under a tag or its digest. If the registry refuses it
// because something below it is missing, although it seemed to exist, that is
// copied again. depth counts the indexes above it; again is that of
// [registry.Client.PutManifest].
func (c *Copier) Put(ctx context.Context, v *Visit, ref string, m registry.Manifest, depth int, again func() (bool, error)) error {
	err := c.opts.Writer.PutManifest(ctx, v.To, ref, m, again)
	if incomplete(err) && !v.deep {
		if err := c.bringAgain(ctx, v, m, depth); err != nil {
			return err
		}
		if again != nil {
			if done, err := again(); err != nil || done {
				return err
			}
		}
		err = c.opts.Writer.PutManifest(ctx, v.To, ref, m, again)
	}
	switch {
	case incomplete(err) && holdsBlobs(m):
		return fmt.Errorf("the registry refuses an index of blobs, such as a BuildKit cache that was not built with image-manifest=true: %w", err)
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

// SparseError is the error of a registry that accepts an index only with all of
// its children.
type SparseError struct{ Err error }

func (e *SparseError) Error() string {
	return fmt.Sprintf("the registry accepts an index only with all of its platforms: copy all of them, or one without the index: %v", e.Err)
}

// Unwrap returns the answer of the registry.
func (e *SparseError) Unwrap() error { return e.Err }

// bringAgain copies what is below a manifest without trusting what exists.
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
