package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

const (
	maxDepth     = 10     // indexes within indexes
	maxManifests = 10_000 // of one image
	maxBlobs     = 10_000 // of one manifest
	maxFailures  = 20     // of the parts of one manifest, before no more are begun
)

// visit is one image on its way into one repository.
type visit struct {
	src  *origin
	to   registry.Repository
	deep bool // believe nothing that the destination's manifests say

	manifests atomic.Int64
	changed   atomic.Bool   // something was sent
	wrote     *atomic.Int64 // counts manifests, where that is not nil
}

// placeKey names something that is brought into a repository once in a run.
type placeKey struct {
	to     registry.Repository
	digest digest.Digest
	deep   bool
	root   bool   // what is below the manifest, without the manifest
	refers string // the repository in which what refers to the manifest is looked for
}

// placement is small, because all are remembered to the end of the run.
type placement struct {
	done   chan struct{} // nil when it is done
	failed *failure
}

type failure struct {
	err  error
	from registry.Repository
}

// once runs f for the first who asks for a key; the others wait for its result.
// A failure is shared only by those who read from the same source, and that of a
// registry in trouble only by those who wait for it.
func (r *run) once(ctx context.Context, key placeKey, from registry.Repository, f func() error) error {
	for {
		r.mu.Lock()
		p, ok := r.started[key]
		if !ok {
			p = &placement{done: make(chan struct{})}
			r.started[key] = p
			r.mu.Unlock()
			err := f()
			r.mu.Lock()
			defer r.mu.Unlock()
			if err != nil {
				p.failed = &failure{err, from}
			}
			if registry.Unavailable(err) {
				delete(r.started, key)
			}
			close(p.done)
			p.done = nil
			return err
		}
		done := p.done
		r.mu.Unlock()
		if done != nil {
			start := r.opts.Now()
			select {
			case <-done:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			throttle.TallyOf(ctx).Waited(throttle.WaitImage, key.to.String(), r.opts.Now().Sub(start))
		}
		switch {
		case p.failed == nil:
			return nil
		case p.failed.from == from:
			return p.failed.err
		}
		r.mu.Lock()
		if r.started[key] == p {
			delete(r.started, key)
		}
		r.mu.Unlock()
	}
}

// copyImage brings everything below an image into the repository and then moves
// the tag.
func (r *run) copyImage(ctx context.Context, src *origin, w *move) error {
	v := &visit{src: src, to: w.to, deep: r.opts.Force}
	m, err := src.image(ctx)
	if err != nil {
		return err
	}
	if w.digest = m.Digest; w.dest.Tag != "" {
		m.Digest = digest.FromBytes(m.Body) // what registries say of tags, whatever the source was asked by
	}
	key := placeKey{to: w.to, digest: m.Digest, deep: v.deep, root: true}
	if err := r.once(ctx, key, src.repo, func() error { return r.root(ctx, v, m, w.had) }); err != nil {
		return err
	}
	if err := r.write(ctx, v, w, m); err != nil {
		return err
	}
	return r.follow(ctx, src, w)
}

// root brings what is below the root of an image, unless the repository has the
// manifest already. had is what the tag holds.
func (r *run) root(ctx context.Context, v *visit, m registry.Manifest, had digest.Digest) error {
	if has, err := r.has(ctx, v, m.Digest); err != nil || has {
		return err
	}
	r.learn(ctx, v, m, had)
	return r.below(ctx, v, m, 0)
}

// has says whether the destination has a manifest, so that everything below it
// is there, unless that is what is looked at. A repository in which none of our
// tags exist is not asked.
func (r *run) has(ctx context.Context, v *visit, d digest.Digest) (bool, error) {
	if _, ok := r.occupied.Load(v.to); !ok || v.deep || r.opts.Deep {
		return false, nil
	}
	return r.exists(ctx, v.to, d)
}

// exists asks for a manifest; the error is for a registry that cannot be asked.
func (r *run) exists(ctx context.Context, repo registry.Repository, d digest.Digest) (bool, error) {
	_, err := r.client.Resolve(ctx, repo, string(d))
	if registry.StatusOf(err) != 0 && !registry.Unavailable(err) {
		return false, nil
	}
	return err == nil, err
}

// below brings the children and blobs of a manifest into the repository.
func (r *run) below(ctx context.Context, v *visit, m registry.Manifest, depth int) error {
	if v.manifests.Add(1) > maxManifests {
		return fmt.Errorf("%w: the image has more than %d manifests", errUnsupported, maxManifests)
	}
	if depth > maxDepth {
		return fmt.Errorf("%w: indexes are nested more than %d deep", errUnsupported, maxDepth)
	}
	content, err := m.Content()
	switch {
	case err != nil:
		return err
	case len(content.Children) > maxManifests:
		return fmt.Errorf("%w: the image has more than %d manifests", errUnsupported, maxManifests)
	case len(content.Blobs) > maxBlobs:
		return fmt.Errorf("%w: the image has more than %d blobs", errUnsupported, maxBlobs)
	}
	var tasks []func() error
	children := content.Children
	if depth == 0 {
		_, children = r.chosen(children)
	}
	for _, c := range children {
		tasks = append(tasks, func() error { return r.child(ctx, v, "index "+string(m.Digest), c, depth+1) })
	}
	// Large blobs first: the largest decides when the image is complete.
	slices.SortStableFunc(content.Blobs, func(a, b ocispec.Descriptor) int { return cmp.Compare(b.Size, a.Size) })
	seen := map[digest.Digest]bool{}
	for _, b := range content.Blobs {
		if !seen[b.Digest] {
			seen[b.Digest] = true
			tasks = append(tasks, func() error { return r.blob(ctx, v, b) })
		}
	}
	return all(tasks)
}

// all runs tasks side by side and gives the error of the first of them, by
// order, that failed. After many failures no more are begun.
func all(tasks []func() error) error {
	if len(tasks) == 1 {
		return tasks[0]()
	}
	const most = 16
	errs := make([]error, len(tasks))
	var wg sync.WaitGroup
	var failed atomic.Int64
	slots := make(chan struct{}, most)
	for i, task := range tasks {
		slots <- struct{}{}
		if failed.Load() >= maxFailures {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if errs[i] = task(); errs[i] != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// child brings one manifest of a parent (such as "index sha256:…"): what is below
// it, and then the manifest itself.
func (r *run) child(ctx context.Context, v *visit, parent string, c ocispec.Descriptor, depth int) error {
	key := placeKey{to: v.to, digest: c.Digest, deep: v.deep}
	return r.once(ctx, key, v.src.repo, func() error {
		if has, err := r.has(ctx, v, c.Digest); err != nil || has {
			return err
		}
		m, err := v.src.get(ctx, c.Digest)
		if err != nil {
			what := fmt.Sprintf("%s of %s", childName(c), parent)
			if registry.NotFound(err) {
				return &missingError{what + " does not exist", err, false}
			}
			return fmt.Errorf("reading %s: %w", what, err)
		}
		if err := r.below(ctx, v, m, depth); err != nil {
			return err
		}
		if v.deep {
			if has, err := r.exists(ctx, v.to, c.Digest); err != nil || has {
				return err
			}
		}
		return r.put(ctx, v, string(c.Digest), m, depth, nil)
	})
}

// childName tells a child of an index to a person.
func childName(c ocispec.Descriptor) string {
	if c.Platform == nil {
		return "child " + string(c.Digest)
	}
	return fmt.Sprintf("child %s (%s)", c.Digest, platform(c))
}

// blob brings one blob.
func (r *run) blob(ctx context.Context, v *visit, b ocispec.Descriptor) error {
	sent, err := r.placer.place(ctx, v.to, b, v.src.repo, v.deep)
	if sent {
		v.changed.Store(true)
	}
	var source *registry.SourceError
	missing := errors.As(err, &source) && registry.NotFound(err)
	switch {
	case err == nil:
		return nil
	case len(b.URLs) > 0 && missing:
		r.note("%s: the layer %s is kept elsewhere (%s) and was not copied", v.src.repo, b.Digest, hostsOf(b.URLs))
		return nil
	case missing:
		return &missingError{fmt.Sprintf("the blob %s does not exist", b.Digest), err, false}
	case b.Size == 0 && registry.StatusOf(err) != 0:
		return fmt.Errorf("the registry refuses the empty blob %s: %w", b.Digest, err)
	}
	return fmt.Errorf("copying the blob %s: %w", b.Digest, err)
}

// put writes a manifest. When the registry says that something below it is
// missing, though it seemed to be there, that is brought once more.
func (r *run) put(ctx context.Context, v *visit, ref string, m registry.Manifest, depth int, again func() (bool, error)) error {
	_, err := r.w.PutManifest(ctx, v.to, ref, m, again)
	if incomplete(err) && !v.deep {
		deep := &visit{src: v.src, to: v.to, deep: true}
		content, contentErr := m.Content()
		if contentErr != nil {
			return contentErr
		}
		for _, b := range content.Blobs {
			r.placer.doubts(v.to, b.Digest)
		}
		if err := r.below(ctx, deep, m, depth); err != nil {
			return err
		}
		if again != nil {
			if done, err := again(); err != nil || done {
				return err
			}
		}
		_, err = r.w.PutManifest(ctx, v.to, ref, m, again)
	}
	switch {
	case r.opts.Platform != nil && incomplete(err):
		return fmt.Errorf("the registry takes an index only with all of its platforms; copy them all, or one without the index (--keep-manifest-list=false): %w", err)
	case err != nil:
		return fmt.Errorf("writing the manifest: %w", err)
	}
	v.changed.Store(true)
	if v.wrote != nil {
		v.wrote.Add(1)
	}
	r.manifests.Add(1)
	return nil
}

// incomplete says whether a registry refused a manifest because it misses what
// the manifest refers to.
func incomplete(err error) bool {
	var e *registry.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Has("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN") || e.Status == http.StatusNotFound ||
		e.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.Message), "unknown")
}

// repair looks behind an image that the destination has and brings what is
// missing; it says whether anything was.
func (r *run) repair(ctx context.Context, src *origin, w *move) (bool, error) {
	v := &visit{src: src, to: w.to, deep: true}
	m, err := src.image(ctx)
	if err != nil {
		return false, err
	}
	key := placeKey{to: w.to, digest: m.Digest, deep: true, root: true}
	if err := r.once(ctx, key, src.repo, func() error { return r.below(ctx, v, m, 0) }); err != nil {
		return false, err
	}
	return v.changed.Load(), r.follow(ctx, src, w)
}
