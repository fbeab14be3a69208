package referrers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// lists maintains the fallback tags of destinations without the referrers API.
type lists struct {
	opts  Options
	locks sync.Map // "repository:tag" of a list: *sync.Mutex
}

// ensure adds entries to the list of a tag; wrote reports whether it was
// written. m is the content of a new tag.
func (l *lists) ensure(ctx context.Context, v *transfer.Visit, tag string, list []ocispec.Descriptor, m registry.Manifest) (wrote bool, err error) {
	lock, _ := l.locks.LoadOrStore(v.To.String()+":"+tag, &sync.Mutex{})
	lock.(*sync.Mutex).Lock()
	defer lock.(*sync.Mutex).Unlock()
	for range 3 {
		if wrote, err = l.grow(ctx, v, tag, list, m); !errors.Is(err, errListMoved) {
			break
		}
	}
	return wrote, err
}

var errListMoved = errors.New("another client keeps changing the list of referrers")

// subjectOf returns the digest of a fallback tag.
func subjectOf(tag string) digest.Digest {
	return digest.Digest(strings.Replace(tag, "-", ":", 1))
}

// grow adds missing entries to the list that a tag holds. Existing entries
// stay, so that nothing but an immutable tag keeps a list from growing. An
// image that has such a name is left unchanged. A missing tag gets the source's
// list, unchanged if that is complete.
func (l *lists) grow(ctx context.Context, v *transfer.Visit, tag string, list []ocispec.Descriptor, m registry.Manifest) (wrote bool, err error) {
	have, err := l.opts.Client.Manifest(ctx, v.To, tag)
	there := err == nil
	switch {
	case there:
		m = have
	case !registry.NotFound(err):
		return false, err
	}
	if there && have.Is(subjectOf(tag)) {
		return false, nil // some registries answer with the image itself, and have no list
	}
	listed, isList, err := listOf(m)
	all := merge(listed, list)
	glob, immutable := l.opts.Keeper.Immutable(tagged(v.To, tag))
	switch {
	case err != nil:
		return false, err
	case there && !isList:
		err = &tags.ProtectedError{Why: fmt.Sprintf("it holds %s, which is not a list of referrers: not overwritten", have.Digest)}
		return false, fmt.Errorf("the tag %s: %w", tag, err)
	case there && len(all) == len(listed):
		return false, nil
	case there && immutable:
		err = &tags.ProtectedError{Why: fmt.Sprintf("it does not list every copied referrer, and is immutable (%s): not overwritten", glob)}
		return false, fmt.Errorf("the tag %s: %w", tag, err)
	case len(all) > len(listed):
		m = newList(all)
	}
	err = l.opts.Copier.Put(ctx, v, tag, m, 1, l.again(ctx, v.To, tag, m, have))
	var missing *transfer.MissingError
	if errors.As(err, &missing) { // the registry refused a list of something that no longer exists
		there, listErr := l.stillThere(ctx, v.To, listed)
		if listErr != nil || len(there) == len(listed) {
			return false, cmp.Or(listErr, err)
		}
		l.opts.Note("%s: the tag %s listed %d manifests that no longer exist: removed from the list", v.To, tag, len(listed)-len(there))
		m = newList(merge(there, list))
		err = l.opts.Copier.Put(ctx, v, tag, m, 1, l.again(ctx, v.To, tag, m, have))
	}
	return err == nil, err
}

// again reads a list before a push of it is retried.
func (l *lists) again(ctx context.Context, to registry.Repository, tag string, want, had registry.Manifest) func() (done bool, err error) {
	return func() (bool, error) {
		now, err := l.opts.Client.Resolve(ctx, to, tag)
		switch {
		case err == nil && now.Digest == want.Digest:
			return true, nil
		case err == nil && now.Digest != had.Digest:
			return false, errListMoved
		case err != nil && !registry.NotFound(err):
			return false, err
		}
		return false, nil
	}
}

// stillThere returns the entries of a list that a repository has.
func (l *lists) stillThere(ctx context.Context, repo registry.Repository, list []ocispec.Descriptor) (there []ocispec.Descriptor, err error) {
	for _, d := range list {
		has, err := l.opts.Copier.Exists(ctx, repo, d.Digest)
		if err != nil {
			return nil, err
		}
		if has {
			there = append(there, d)
		}
	}
	return there, nil
}

// listOf returns the referrers that a manifest lists; isList is false for an
// image, of one platform or of several.
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

// merge adds missing entries to a list.
func merge(list, more []ocispec.Descriptor) []ocispec.Descriptor {
	out := slices.Clone(list)
	has := map[digest.Digest]bool{}
	for _, d := range out {
		has[d.Digest] = true
	}
	for _, d := range more {
		if !has[d.Digest] {
			has[d.Digest] = true
			out = append(out, d)
		}
	}
	return out
}

// newList returns the index of referrers that the specification requires of
// clients in a registry without the API.
func newList(manifests []ocispec.Descriptor) registry.Manifest {
	body, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": manifests})
	if err != nil {
		panic(err) // of strings and numbers only
	}
	return registry.Manifest{MediaType: registry.OCIIndex, Digest: digest.FromBytes(body), Body: body}
}
