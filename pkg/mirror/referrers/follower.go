package referrers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// signatureTags are the suffixes of the tags that cosign writes for an image,
// after sha256-<digest>.
var signatureTags = []string{".sig", ".att", ".sbom"}

// Tag returns the tag for a digest; without a suffix it is the fallback tag,
// which holds the list of referrers in a registry without the referrers API.
func Tag(d digest.Digest) string { return strings.Replace(string(d), ":", "-", 1) }

// Options configure a [Follower]. All but Note must be set.
type Options struct {
	Client *registry.Client
	Copier *transfer.Copier
	Keeper *tags.Keeper
	Lists  *tags.Lists
	Filter transfer.Filter
	Moves  func(to registry.Repository, dest mapping.Reference) *tags.Move // starts to move a tag
	Note   func(format string, args ...any)
}

// Follower copies the referrers of images. It is safe for concurrent use.
type Follower struct {
	opts     Options
	lists    lists
	followed flight.Group[step, struct{}]
}

// step is an image in a repository, and where to look for its referrers.
type step struct {
	from, to registry.Repository
	digest   digest.Digest
}

// New returns a follower.
func New(opts Options) *Follower {
	f := &Follower{opts: opts, lists: lists{opts: opts}}
	f.followed.Forget = registry.Unavailable // a retry may succeed
	return f
}

// Follow copies the referrers of an image, of the manifests in it, and of the
// referrers themselves. It returns how many manifests were written.
func (f *Follower) Follow(ctx context.Context, src *transfer.Source, to registry.Repository) (wrote int64, err error) {
	root, err := src.Image(ctx)
	if err != nil {
		return 0, err
	}
	v := f.opts.Copier.Visit(src, to)
	_, err = f.followed.Do(ctx, step{src.Repo, to, root.Digest}, func() (struct{}, error) {
		return struct{}{}, f.all(ctx, v, root.Digest)
	})
	return v.Wrote(), err
}

func (f *Follower) all(ctx context.Context, v *transfer.Visit, root digest.Digest) error {
	tags, err := f.opts.Lists.Of(ctx, v.Source.Repo)
	if err != nil {
		return fmt.Errorf("listing the tags of the source for signatures: %w", err)
	}
	todo, err := f.subjects(ctx, v.Source, root)
	if err != nil {
		return err
	}
	f.opts.Copier.Occupy(v.To)
	seen := map[digest.Digest]bool{}
	for len(todo) > 0 {
		if len(seen) > transfer.MaxManifests {
			return fmt.Errorf("%w: more than %d manifests refer to the image", transfer.ErrUnsupported, transfer.MaxManifests)
		}
		next := todo[0]
		todo = todo[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		found, err := f.refersTo(ctx, v, next, tags)
		if err != nil {
			return fmt.Errorf("the image was copied, but not all of its referrers: %w", err)
		}
		todo = append(todo, found...)
	}
	return nil
}

// subjects returns the digests of a manifest and of those below it, each once:
// an index may contain the same one several times.
func (f *Follower) subjects(ctx context.Context, src *transfer.Source, root digest.Digest) ([]digest.Digest, error) {
	out := []digest.Digest{root}
	seen := map[digest.Digest]bool{root: true}
	level := []digest.Digest{root}
	for depth := 0; len(level) > 0 && depth <= transfer.MaxDepth; depth++ {
		var next []digest.Digest
		for _, d := range level {
			m, err := src.Manifest(ctx, d)
			if err != nil {
				return nil, err
			}
			content, err := m.Content()
			if err != nil {
				return nil, err
			}
			children := content.Children
			if depth == 0 {
				_, children = f.opts.Filter.Choose(children)
			}
			for _, c := range children {
				if seen[c.Digest] {
					continue
				}
				seen[c.Digest] = true
				out = append(out, c.Digest)
				if registry.IsIndex(c.MediaType) {
					next = append(next, c.Digest)
				}
			}
		}
		if len(out) > transfer.MaxManifests {
			return nil, fmt.Errorf("%w: the image has more than %d manifests", transfer.ErrUnsupported, transfer.MaxManifests)
		}
		level = next
	}
	return out, nil
}

// refersTo copies the referrers of one manifest: by the referrers API, by the
// fallback tag, and by cosign's tags. It returns the digests that it found.
func (f *Follower) refersTo(ctx context.Context, v *transfer.Visit, subject digest.Digest, tags []string) (found []digest.Digest, err error) {
	list, _, err := f.opts.Client.Referrers(ctx, v.Source.Repo, string(subject))
	if err != nil {
		return nil, err
	}
	var fallback registry.Manifest
	if _, ok := slices.BinarySearch(tags, Tag(subject)); ok {
		if fallback, err = f.opts.Client.Manifest(ctx, v.Source.Repo, Tag(subject)); err != nil {
			return nil, err
		}
		listed, isList, err := listOf(fallback)
		if err != nil {
			return nil, err
		}
		if fallback.Is(subject) { // some registries answer so for every digest
			listed, isList = nil, false
		}
		if list = merge(list, listed); !isList {
			fallback = registry.Manifest{}
		}
	}
	for _, d := range list {
		if err := f.opts.Copier.Child(ctx, v, "what refers to "+string(subject), d, 1); err != nil {
			return nil, err
		}
		found = append(found, d.Digest)
	}
	if len(list) > 0 {
		if err := f.list(ctx, v, subject, list, fallback); err != nil {
			return nil, err
		}
	}
	for _, ending := range signatureTags {
		tag := Tag(subject) + ending
		if _, ok := slices.BinarySearch(tags, tag); ok {
			if err := f.signature(ctx, v, tag); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// list makes the destination list the referrers of a manifest: a registry with
// the API does so by itself, another one needs the fallback tag. fallback is
// what that tag holds at the source.
func (f *Follower) list(ctx context.Context, v *transfer.Visit, subject digest.Digest, list []ocispec.Descriptor, fallback registry.Manifest) error {
	_, known, err := f.opts.Client.Referrers(ctx, v.To, string(subject))
	if err != nil || known && fallback.Body == nil {
		return err
	}
	_, err = f.lists.ensure(ctx, v.Beside(v.Source), Tag(subject), list, fallback)
	return err
}

// signature copies one of cosign's tags. It is protected like other tags.
func (f *Follower) signature(ctx context.Context, v *transfer.Visit, tag string) error {
	root, err := f.opts.Client.Resolve(ctx, v.Source.Repo, tag)
	if err != nil {
		return err
	}
	w := f.opts.Moves(v.To, tagged(v.To, tag))
	if have, err := f.opts.Client.Resolve(ctx, v.To, tag); err == nil {
		if w.Had = have.Digest; w.Had == root.Digest {
			return nil
		}
	}
	if err := f.opts.Keeper.Protect(ctx, w); err != nil {
		return fmt.Errorf("the tag %s: %w", tag, err)
	}
	src := transfer.NewSource(f.opts.Client, v.Source.Repo, root, "")
	m, err := src.Manifest(ctx, root.Digest)
	if err != nil {
		return err
	}
	beside := v.Beside(src)
	if err := f.opts.Copier.Bring(ctx, beside, m, ""); err != nil {
		return err
	}
	return f.opts.Keeper.Write(ctx, beside, w, m)
}

func tagged(repo registry.Repository, tag string) mapping.Reference {
	return mapping.Reference{Registry: repo.Host, Repository: repo.Path, Tag: tag}
}

// Merge mirrors a fallback tag that a mapping names, for example by a wildcard:
// it adds to the tag, so that neither the mapping nor the images undo each
// other's entries. isList is false for other tags, which Merge does not touch;
// wrote reports whether the list was written.
func (f *Follower) Merge(ctx context.Context, src *transfer.Source, w *tags.Move) (isList, wrote bool, err error) {
	if subjectOf(w.Destination.Tag).Validate() != nil {
		return false, false, nil
	}
	m, err := src.Image(ctx)
	if err != nil {
		return false, false, err
	}
	list, isList, err := listOf(m)
	if err != nil || !isList {
		return false, false, err
	}
	w.Digest = m.Digest
	v := f.opts.Copier.Visit(src, w.To)
	if err := f.opts.Copier.Bring(ctx, v, m, ""); err != nil {
		return true, false, err
	}
	wrote, err = f.lists.ensure(ctx, v.Beside(src), w.Destination.Tag, list, m)
	return true, wrote, err
}
