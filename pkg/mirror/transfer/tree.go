package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// The largest images.
const (
	MaxDepth     = 10     // indexes within indexes
	MaxManifests = 10_000 // of one image
	maxBlobs     = 10_000 // of one manifest
	maxFailures  = 20     // of the parts of one manifest, after which no more are started
)

// below copies the children and blobs of a manifest into the repository.
func (c *Copier) below(ctx context.Context, v *Visit, m registry.Manifest, depth int) error {
	content, err := m.Content()
	if err == nil {
		err = v.bounded(content, depth)
	}
	if err != nil {
		return err
	}
	var tasks []func() error
	children := content.Children
	if depth == 0 && !v.whole {
		_, children = c.opts.Filter.Choose(children)
	}
	for _, child := range children {
		tasks = append(tasks, func() error { return c.Child(ctx, v, "index "+string(m.Digest), child, depth+1) })
	}
	// Large blobs first, because the largest decides when the image is
	// complete.
	slices.SortStableFunc(content.Blobs, func(a, b ocispec.Descriptor) int { return cmp.Compare(b.Size, a.Size) })
	seen := map[digest.Digest]bool{}
	for _, b := range content.Blobs {
		if !seen[b.Digest] {
			seen[b.Digest] = true
			tasks = append(tasks, func() error { return c.blob(ctx, v, b) })
		}
	}
	return all(tasks)
}

// bounded counts a manifest and refuses an image that is too large.
func (v *Visit) bounded(content registry.Content, depth int) error {
	switch {
	case v.manifests.Add(1) > MaxManifests, len(content.Children) > MaxManifests:
		return fmt.Errorf("%w: the image has more than %d manifests", ErrUnsupported, MaxManifests)
	case depth > MaxDepth:
		return fmt.Errorf("%w: indexes are nested more than %d deep", ErrUnsupported, MaxDepth)
	case len(content.Blobs) > maxBlobs:
		return fmt.Errorf("%w: the image has more than %d blobs", ErrUnsupported, maxBlobs)
	}
	return nil
}

// all runs tasks concurrently and returns the error of the first of them, by
// order, that failed. After many failures it starts no more.
func all(tasks []func() error) error {
	if len(tasks) == 1 {
		return tasks[0]()
	}
	const most = 16
	errs := make([]error, len(tasks))
	var failed atomic.Int64
	flight.Each(len(tasks), most, func(i int) {
		if failed.Load() >= maxFailures {
			return
		}
		if errs[i] = tasks[i](); errs[i] != nil {
			failed.Add(1)
		}
	})
	return cmp.Or(errs...)
}

// Child copies a manifest, such as a child of an index: what is below it, and
// then the manifest itself. parent names its parent in errors; depth counts the
// indexes above it.
func (c *Copier) Child(ctx context.Context, v *Visit, parent string, d ocispec.Descriptor, depth int) error {
	if isBlob(d) {
		return c.blob(ctx, v, d)
	}
	return c.once(ctx, v, part{to: v.To, digest: d.Digest, deep: v.deep}, func() error {
		if has, err := c.has(ctx, v, d.Digest); err != nil || has {
			return err
		}
		m, err := v.Source.Manifest(ctx, d.Digest)
		if registry.NotFound(err) && d.MediaType != "" && !registry.IsManifest(d.MediaType) {
			return c.blob(ctx, v, d) // an artifact may store its parts anywhere
		}
		if err != nil {
			what := fmt.Sprintf("%s of %s", childName(d), parent)
			if registry.NotFound(err) {
				return &MissingError{what + " does not exist", err, false}
			}
			return fmt.Errorf("reading %s: %w", what, err)
		}
		if err := c.below(ctx, v, m, depth); err != nil {
			return err
		}
		if v.deep {
			if has, err := c.Exists(ctx, v.To, d.Digest); err != nil || has {
				return err
			}
		}
		return c.Put(ctx, v, string(d.Digest), m, depth, nil)
	})
}

// isBlob reports whether a child of an index is stored as a blob, as the layers
// and the configuration of a BuildKit cache are.
func isBlob(d ocispec.Descriptor) bool {
	for _, kind := range [...]string{".layer.", ".rootfs.", ".container.image.", ".image.config.", ".cacheconfig."} {
		if strings.Contains(d.MediaType, kind) {
			return true
		}
	}
	return false
}

// childName names a child of an index for people.
func childName(d ocispec.Descriptor) string {
	if d.Platform == nil {
		return "child " + string(d.Digest)
	}
	return fmt.Sprintf("child %s (%s)", d.Digest, PlatformName(d))
}

// sentKey is the key of a *bool in a context: that a blob was sent.
type sentKey struct{}

// blob copies one blob.
func (c *Copier) blob(ctx context.Context, v *Visit, b ocispec.Descriptor) error {
	c.opts.Expect(b.Size)
	sentNow := false
	ctx = context.WithValue(ctx, sentKey{}, &sentNow)
	defer func() {
		if !sentNow {
			c.opts.Expect(-b.Size) // it existed, was mounted, or was copied by another image
		}
	}()
	sent, err := c.blobs.place(ctx, v.To, b, v.Source.Repo, v.deep)
	if sent {
		v.changed.Store(true)
	}
	var source *registry.SourceError
	missing := errors.As(err, &source) && registry.NotFound(err)
	switch {
	case err == nil:
		return nil
	case len(b.URLs) > 0 && missing:
		c.opts.Note("%s: the foreign layer %s (%s) was not copied", v.Source.Repo, b.Digest, hostsOf(b.URLs))
		return nil
	case missing:
		return &MissingError{fmt.Sprintf("the blob %s does not exist", b.Digest), err, false}
	case b.Size == 0 && registry.StatusOf(err) != 0:
		return fmt.Errorf("the registry refuses the empty blob %s: %w", b.Digest, err)
	}
	return fmt.Errorf("copying the blob %s: %w", b.Digest, err)
}

// hostsOf returns the hosts of URLs, and nothing else of them.
func hostsOf(urls []string) string {
	var hosts []string
	for _, s := range urls {
		if u, err := url.Parse(s); err == nil && u.Host != "" && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return strings.Join(hosts, ", ")
}
