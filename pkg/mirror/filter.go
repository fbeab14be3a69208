package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

var errFiltered = errors.New("no platform of the image was asked for")

// choose applies the platform filter to a source that is an index. It fails
// with errFiltered when nothing is left, makes the one child the source where a
// single one is wanted, and else notes what will be left out.
func (r *run) choose(ctx context.Context, src *origin) error {
	if r.opts.Platform == nil || !r.opts.Single && src.root.MediaType != "" && !registry.IsIndex(src.root.MediaType) {
		return nil
	}
	m, err := src.image(ctx)
	if err != nil {
		return err
	}
	content, err := m.Content()
	if err != nil || !registry.IsIndex(m.MediaType) {
		return err
	}
	images, chosen := r.chosen(content.Children)
	switch {
	case len(images) == 0:
		return fmt.Errorf("%w: it has %s", errFiltered, platforms(content.Children))
	case r.opts.Single && len(images) > 1:
		return fmt.Errorf("%w: the filter leaves %d platforms (%s), and a new index would have another digest; keep the manifest list or choose one platform",
			errUnsupported, len(images), platforms(images))
	case r.opts.Single:
		src.root, src.tag = images[0], ""
	case len(chosen) < len(content.Children):
		left := slices.DeleteFunc(slices.Clone(content.Children), func(c ocispec.Descriptor) bool { return among(chosen, c) })
		src.left = fmt.Sprintf("the filter left out %d of %d: %s", len(left), len(content.Children), platforms(left))
	}
	return nil
}

func among(list []ocispec.Descriptor, d ocispec.Descriptor) bool {
	return slices.ContainsFunc(list, func(c ocispec.Descriptor) bool { return c.Digest == d.Digest })
}

// chosen gives the children of an index that are to be copied, and those of them
// that are images. An attestation is never chosen by its own platform, which is
// unknown/unknown: it goes with the image that it is about.
func (r *run) chosen(children []ocispec.Descriptor) (images, all []ocispec.Descriptor) {
	if r.opts.Platform == nil {
		return children, children
	}
	for _, c := range children {
		if c.Platform != nil && !attestation(c) && r.opts.Platform(registry.PlatformName(*c.Platform)) {
			images = append(images, c)
		}
	}
	for _, c := range children {
		about := c.Annotations["vnd.docker.reference.digest"]
		with := attestation(c) && slices.ContainsFunc(images, func(i ocispec.Descriptor) bool { return string(i.Digest) == about })
		if with || !attestation(c) && among(images, c) {
			all = append(all, c)
		}
	}
	return images, all
}

// attestation says whether a child of an index is one that BuildKit writes
// beside the images.
func attestation(c ocispec.Descriptor) bool {
	return c.Annotations["vnd.docker.reference.type"] != "" || c.Platform != nil && c.Platform.OS == "unknown"
}

// platforms lists the platforms of an index's children for a person.
func platforms(children []ocispec.Descriptor) string {
	var names []string
	for _, c := range children {
		names = append(names, platform(c))
	}
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	return strings.Join(names, ", ")
}

// platform names a child by its platform, with the version that tells one
// Windows from another, or by its digest.
func platform(c ocispec.Descriptor) string {
	switch {
	case c.Platform == nil:
		return string(c.Digest)
	case c.Platform.OSVersion != "":
		return registry.PlatformName(*c.Platform) + " (" + c.Platform.OSVersion + ")"
	}
	return registry.PlatformName(*c.Platform)
}
