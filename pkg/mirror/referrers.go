package mirror

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// signatureTags are the endings of the tags that cosign writes beside an image,
// after sha256-<digest>.
var signatureTags = []string{".sig", ".att", ".sbom"}

// tagOf is the tag that stands for a digest: by itself that of the list of
// referrers in a registry without the referrers API.
func tagOf(d digest.Digest) string { return strings.Replace(string(d), ":", "-", 1) }

// follow copies what refers to an image, to the manifests in it, and to what
// was found in that way. Where referrers are not wanted it takes a note of what
// could have been followed.
func (r *run) follow(ctx context.Context, src *origin, w *move) error {
	if !r.opts.Referrers {
		if len(r.tagLists.peek(src.repo)) == 0 {
			return nil
		}
		for _, d := range src.parts() {
			r.unfollowed.Store(subject{src.repo, d}, true)
		}
		return nil
	}
	root, err := src.image(ctx)
	if err != nil {
		return err
	}
	to := w.to
	v := &visit{src: src, to: to, wrote: &atomic.Int64{}}
	defer func() {
		if n := v.wrote.Load(); n > 0 {
			w.details = append(w.details, fmt.Sprintf("manifests of what refers to it: %d", n))
		}
	}()
	key := placeKey{to: to, digest: root.Digest, refers: src.repo.String()}
	return r.once(ctx, key, src.repo, func() error {
		tags, err := r.tagsOf(ctx, src.repo)
		if err != nil {
			return fmt.Errorf("listing the tags of the source for signatures: %w", err)
		}
		todo, err := r.subjects(ctx, src, root.Digest, 0)
		if err != nil {
			return err
		}
		r.occupied.Store(to, true)
		seen := map[digest.Digest]bool{}
		for len(todo) > 0 {
			if len(seen) > maxManifests {
				return fmt.Errorf("%w: more than %d manifests refer to the image", errUnsupported, maxManifests)
			}
			next := todo[0]
			todo = todo[1:]
			if seen[next] {
				continue
			}
			seen[next] = true
			found, err := r.refersTo(ctx, v, next, tags)
			if err != nil {
				return fmt.Errorf("the image is there, but not all that refers to it: %w", err)
			}
			todo = append(todo, found...)
		}
		return nil
	})
}

// subject is a manifest that something may refer to.
type subject struct {
	repo   registry.Repository
	digest digest.Digest
}

// subjects gives the digests of a manifest and of those below it.
func (r *run) subjects(ctx context.Context, src *origin, d digest.Digest, depth int) ([]digest.Digest, error) {
	out := []digest.Digest{d}
	m, err := src.get(ctx, d)
	if err != nil {
		return nil, err
	}
	content, err := m.Content()
	if err != nil || depth > maxDepth {
		return nil, err
	}
	children := content.Children
	if depth == 0 {
		_, children = r.chosen(children)
	}
	for _, c := range children {
		if !registry.IsIndex(c.MediaType) {
			out = append(out, c.Digest)
			continue
		}
		below, err := r.subjects(ctx, src, c.Digest, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, below...)
	}
	return out, nil
}

// refersTo copies what refers to one manifest: by the referrers API, by the tag
// that stands for it, and by cosign's tags. It gives the digests that it found.
func (r *run) refersTo(ctx context.Context, v *visit, subject digest.Digest, tags []string) (found []digest.Digest, err error) {
	list, _, err := r.client.Referrers(ctx, v.src.repo, string(subject))
	if err != nil {
		return nil, err
	}
	var fallback registry.Manifest
	if _, ok := slices.BinarySearch(tags, tagOf(subject)); ok {
		if fallback, err = r.client.Manifest(ctx, v.src.repo, tagOf(subject)); err != nil {
			return nil, err
		}
		listed, isList, err := listOf(fallback)
		if err != nil {
			return nil, err
		}
		if list = merge(list, listed); !isList {
			fallback = registry.Manifest{}
		}
	}
	for _, d := range list {
		if err := r.child(ctx, v, "what refers to "+string(subject), d, 1); err != nil {
			return nil, err
		}
		found = append(found, d.Digest)
	}
	if len(list) > 0 {
		if err := r.list(ctx, v, subject, list, fallback); err != nil {
			return nil, err
		}
	}
	for _, ending := range signatureTags {
		tag := tagOf(subject) + ending
		if _, ok := slices.BinarySearch(tags, tag); ok {
			if err := r.signature(ctx, v, tag); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// list makes the destination list what refers to a manifest: a registry that
// has the API does so by itself, another one needs the tag that stands for the
// list. fallback is what that tag holds at the source.
func (r *run) list(ctx context.Context, v *visit, subject digest.Digest, list []ocispec.Descriptor, fallback registry.Manifest) error {
	_, known, err := r.client.Referrers(ctx, v.to, string(subject))
	if err != nil || known && fallback.Body == nil {
		return err
	}
	_, err = r.listed(ctx, v, tagOf(subject), list, fallback)
	return err
}

// listed makes the list of a tag list something, and says whether that was
// written. m is what the tag gets when it does not exist.
func (r *run) listed(ctx context.Context, v *visit, tag string, list []ocispec.Descriptor, m registry.Manifest) (wrote bool, err error) {
	lock, _ := r.lists.LoadOrStore(v.to.String()+":"+tag, &sync.Mutex{})
	lock.(*sync.Mutex).Lock()
	defer lock.(*sync.Mutex).Unlock()
	for range 3 {
		if wrote, err = r.grow(ctx, v, tag, list, m); !errors.Is(err, errListMoved) {
			break
		}
	}
	return wrote, err
}

var errListMoved = errors.New("somebody else changes the list of referrers again and again")

// grow adds to the list that a tag holds what it does not list yet. What is
// listed stays, so that nothing but an immutable tag keeps a list from growing;
// what is no list is somebody's image and stays as it is. A tag that does not
// exist gets the source's list, as it is if that lists all.
func (r *run) grow(ctx context.Context, v *visit, tag string, list []ocispec.Descriptor, m registry.Manifest) (wrote bool, err error) {
	have, err := r.client.Manifest(ctx, v.to, tag)
	there := err == nil
	switch {
	case there:
		m = have
	case !registry.NotFound(err):
		return false, err
	}
	listed, isList, err := listOf(m)
	all := merge(listed, list)
	glob, immutable := r.immutable(tagged(v.to, tag))
	switch {
	case err != nil:
		return false, err
	case there && !isList:
		err = &protectedError{fmt.Sprintf("it holds %s, which is no list of what refers to an image: left as it is", have.Digest)}
		return false, fmt.Errorf("the tag %s: %w", tag, err)
	case there && len(all) == len(listed):
		return false, nil
	case there && immutable:
		err = &protectedError{fmt.Sprintf("it does not list all that was copied, and is immutable (%s): left as it is", glob)}
		return false, fmt.Errorf("the tag %s: %w", tag, err)
	case len(all) > len(listed):
		m = newList(all)
	}
	again := func() (bool, error) {
		now, err := r.client.Resolve(ctx, v.to, tag)
		switch {
		case err == nil && now.Digest == m.Digest:
			return true, nil
		case err == nil && now.Digest != have.Digest:
			return false, errListMoved
		case err != nil && !registry.NotFound(err):
			return false, err
		}
		return false, nil
	}
	err = r.put(ctx, v, tag, m, 1, again)
	var missing *missingError
	if errors.As(err, &missing) { // the registry refused a list of what it has not any more
		there, listErr := r.stillThere(ctx, v.to, listed)
		if listErr != nil || len(there) == len(listed) {
			return false, cmp.Or(listErr, err)
		}
		r.note("%s: of what the tag %s lists, %d do not exist any more and were left out of it", v.to, tag, len(listed)-len(there))
		m = newList(merge(there, list))
		err = r.put(ctx, v, tag, m, 1, again)
	}
	return err == nil, err
}

// stillThere gives those of a list that a repository has.
func (r *run) stillThere(ctx context.Context, repo registry.Repository, list []ocispec.Descriptor) (there []ocispec.Descriptor, err error) {
	for _, d := range list {
		has, err := r.exists(ctx, repo, d.Digest)
		if err != nil {
			return nil, err
		}
		if has {
			there = append(there, d)
		}
	}
	return there, nil
}

// listOf gives what a manifest lists as referring to another one; isList is
// false for an image, of one platform or of several.
func listOf(m registry.Manifest) (list []ocispec.Descriptor, isList bool, err error) {
	if !registry.IsIndex(m.MediaType) {
		return nil, false, nil
	}
	content, err := m.Content()
	images := slices.ContainsFunc(content.Children, func(c ocispec.Descriptor) bool { return c.Platform != nil && c.ArtifactType == "" })
	if err != nil || images {
		return nil, false, err
	}
	return content.Children, true, nil
}

func tagged(repo registry.Repository, tag string) mapping.Reference {
	return mapping.Reference{Registry: repo.Host, Repository: repo.Path, Tag: tag}
}

// asList mirrors a tag that stands for a list of referrers and that a mapping
// names, such as by a wildcard: it is added to, so that neither the mapping
// undoes what follows from the images, nor the other way round. done is false
// for other tags.
func (r *run) asList(ctx context.Context, src *origin, w *move, result *Entry) (done bool, err error) {
	if !r.opts.Referrers || digest.Digest(strings.Replace(w.dest.Tag, "-", ":", 1)).Validate() != nil {
		return false, nil
	}
	m, err := src.image(ctx)
	if err != nil {
		return false, err
	}
	list, isList, err := listOf(m)
	if err != nil || !isList {
		return false, err
	}
	w.digest = m.Digest
	v := &visit{src: src, to: w.to}
	key := placeKey{to: w.to, digest: m.Digest, root: true}
	if err := r.once(ctx, key, src.repo, func() error { return r.below(ctx, v, m, 0) }); err != nil {
		return true, err
	}
	wrote, err := r.listed(ctx, v, w.dest.Tag, list, m)
	switch result.Outcome = Copied; {
	case !wrote:
		result.Outcome, result.Previous = Unchanged, ""
	case r.opts.Mode == ModePlan:
		result.Outcome = Planned
	case r.opts.Mode == ModeCheck && w.had == "":
		result.Outcome = Absent
	case r.opts.Mode == ModeCheck:
		result.Outcome = Differs
	}
	result.Details = append(result.Details, "a list of referrers: it lists what its source lists, and what it listed before")
	return true, err
}

// merge adds to a list what it does not have.
func merge(list, more []ocispec.Descriptor) []ocispec.Descriptor {
	out := slices.Clone(list)
	for _, d := range more {
		if !among(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// newList is the index of referrers that the specification asks clients to keep
// in a registry without the API.
func newList(manifests []ocispec.Descriptor) registry.Manifest {
	body, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": manifests})
	if err != nil {
		panic(err) // of strings and numbers only
	}
	return registry.Manifest{MediaType: registry.OCIIndex, Digest: digest.FromBytes(body), Body: body}
}

// signature copies one of cosign's tags. It is protected as other tags are.
func (r *run) signature(ctx context.Context, v *visit, tag string) error {
	to := v.to
	root, err := r.client.Resolve(ctx, v.src.repo, tag)
	if err != nil {
		return err
	}
	w := &move{to: to, dest: tagged(to, tag), looked: r.opts.Now()}
	if have, err := r.client.Resolve(ctx, to, tag); err == nil {
		if w.had = have.Digest; w.had == root.Digest {
			return nil
		}
	}
	if err := r.protect(ctx, w); err != nil {
		return fmt.Errorf("the tag %s: %w", tag, err)
	}
	s := newOrigin(r.client, v.src.repo, root)
	m, err := s.get(ctx, root.Digest)
	if err != nil {
		return err
	}
	v = &visit{src: s, to: to, wrote: v.wrote}
	if err := r.below(ctx, v, m, 1); err != nil {
		return err
	}
	return r.write(ctx, v, w, m)
}

// tagsOf lists a repository's tags, sorted, once in a run.
func (r *run) tagsOf(ctx context.Context, repo registry.Repository) ([]string, error) {
	return r.tagLists.get(ctx, repo, func() ([]string, error) {
		tags, err := r.client.Tags(ctx, repo)
		slices.Sort(tags)
		return tags, err
	})
}

// left counts the tags of signatures and referrers that lists of tags, fetched
// for wildcards, show beside what was mirrored without them.
func (r *run) left(jobs []*job) int {
	mirrored := sync.OnceValue(func() map[string]bool {
		known := map[string]bool{}
		for _, j := range jobs {
			known[j.source.Canonical()] = true
		}
		return known
	})
	n := 0
	r.unfollowed.Range(func(key, _ any) bool {
		s := key.(subject)
		tags := r.tagLists.peek(s.repo)
		for _, ending := range append([]string{""}, signatureTags...) {
			tag := tagOf(s.digest) + ending
			if _, ok := slices.BinarySearch(tags, tag); ok && !mirrored()[s.repo.String()+":"+tag] {
				n++
			}
		}
		return true
	})
	return n
}
