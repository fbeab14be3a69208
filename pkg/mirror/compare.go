package mirror

import (
	"context"
	"fmt"
	"maps"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

const partsMissing = "the digest matches, but parts of the image are missing"

// compare reports, for a check, how a destination differs from its source. have
// is the zero descriptor if the destination does not exist.
func (a *aligner) compare(ctx context.Context, src *transfer.Source, w *tags.Move, have ocispec.Descriptor, same bool, result Entry) (Entry, error) {
	switch {
	case have.Digest == "":
		result.Outcome = Absent
		return result, nil
	case same:
		result.Previous, result.Outcome = "", Unchanged
		if !a.opts.Deep {
			return result, nil
		}
		broken, err := a.copier.Repair(ctx, src, w.To)
		if err == nil {
			err = a.follow(ctx, src, w)
		}
		if broken {
			result.Outcome, result.Details = Differs, []string{partsMissing}
		}
		return result, err
	}
	want, err := src.Image(ctx)
	if err != nil {
		return result, err
	}
	result.Outcome = Differs
	result.Details = append(result.Details, fmt.Sprintf("it holds %s", have.Digest))
	if !registry.IsIndex(want.MediaType) {
		return result, nil
	}
	got, err := a.opts.Client.Manifest(ctx, w.To, string(have.Digest))
	if err != nil {
		return result, err
	}
	if !registry.IsIndex(got.MediaType) {
		result.Details = append(result.Details, "it is a single-platform image, but the source is an index")
		return result, nil
	}
	result.Details = append(result.Details, differences(want, got)...)
	return result, nil
}

// differences lists the platforms that only one of two indexes has, or that
// have different versions.
func differences(want, got registry.Manifest) []string {
	w, g := byPlatform(want), byPlatform(got)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(w)) {
		switch d, ok := g[name]; {
		case !ok:
			out = append(out, name+" is missing")
		case d != w[name]:
			out = append(out, name+" is a different image")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if _, ok := w[name]; !ok {
			out = append(out, name+" is only at the destination")
		}
	}
	return out
}

func byPlatform(m registry.Manifest) map[string]string {
	out := map[string]string{}
	content, err := m.Content()
	if err != nil {
		return out
	}
	for _, c := range content.Children {
		name := transfer.PlatformName(c)
		if _, taken := out[name]; taken || transfer.Attestation(c) {
			name = string(c.Digest)
		}
		out[name] = string(c.Digest)
	}
	return out
}
