package mirror

import (
	"context"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// follow copies what refers to an image and to its children: by the referrers
// API of the OCI distribution specification, and the tags sha256-<digest> with
// and without the endings .sig, .att and .sbom that cosign writes.
func (r *run) follow(ctx context.Context, src *origin, to registry.Repository) error {
	if !r.opts.Referrers {
		return nil
	}
	subjects := []digest.Digest{src.root.Digest}
	m, err := src.get(ctx, src.root.Digest)
	if err != nil {
		return err
	}
	content, err := m.Content()
	if err != nil {
		return err
	}
	for _, c := range content.Children {
		if r.wanted(c) {
			subjects = append(subjects, c.Digest)
		}
	}
	tags, err := r.tagsOf(ctx, src.repo)
	if err != nil {
		return fmt.Errorf("listing the tags of the source for signatures: %w", err)
	}
	for _, s := range subjects {
		if err := r.refersTo(ctx, src, to, m, s, tags); err != nil {
			return fmt.Errorf("the image is there, but not what refers to it: %w", err)
		}
	}
	return nil
}

func (r *run) refersTo(ctx context.Context, src *origin, to registry.Repository, parent registry.Manifest, subject digest.Digest, tags map[string]bool) error {
	list, known, err := r.client.Referrers(ctx, src.repo, string(subject))
	if err != nil {
		return err
	}
	v := &visit{src: src, to: to}
	r.occupied.Store(to, true)
	for _, d := range list {
		if err := r.child(ctx, v, parent, d, 1); err != nil {
			return err
		}
	}
	base := strings.Replace(string(subject), ":", "-", 1)
	for _, ending := range []string{"", ".sig", ".att", ".sbom"} {
		tag := base + ending
		if !tags[tag] || ending == "" && known {
			continue
		}
		root, err := r.client.Resolve(ctx, src.repo, tag)
		if err != nil {
			return err
		}
		if have, err := r.client.Resolve(ctx, to, tag); err == nil && have.Digest == root.Digest {
			continue
		}
		s := newOrigin(r.client, src.repo, root)
		m, err := s.get(ctx, root.Digest)
		if err != nil {
			return err
		}
		v := &visit{src: s, to: to}
		if err := r.below(ctx, v, m, 1); err != nil {
			return err
		}
		if err := r.put(ctx, v, tag, m, 1); err != nil {
			return err
		}
	}
	return nil
}

// tagsOf lists a repository's tags once in a run.
func (r *run) tagsOf(ctx context.Context, repo registry.Repository) (map[string]bool, error) {
	return r.tagLists.get(ctx, repo, func() (map[string]bool, error) {
		tags, err := r.client.Tags(ctx, repo)
		set := make(map[string]bool, len(tags))
		for _, t := range tags {
			set[t] = true
		}
		return set, err
	})
}
