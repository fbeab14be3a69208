package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// ErrFiltered is the error of an index of which a [Filter] selects nothing.
var ErrFiltered = errors.New("the platform filter matches no platform of the image")

// Filter selects children of an index. The zero value selects all.
type Filter struct {
	// Platform reports whether os/architecture[/variant] is wanted; nil selects
	// all. The index itself is not changed.
	Platform func(platform string) bool
	// Single copies the one selected child of an index instead of the index.
	Single bool
}

// Apply applies the filter to a source that is an index. The error is
// [ErrFiltered] if nothing is selected. If Single is set, the one selected
// child becomes the root of the source; otherwise the source notes what is left
// out.
func (f Filter) Apply(ctx context.Context, src *Source) error {
	if f.Platform == nil || !f.Single && src.Root.MediaType != "" && !registry.IsIndex(src.Root.MediaType) {
		return nil
	}
	m, err := src.Image(ctx)
	if err != nil {
		return err
	}
	content, err := m.Content()
	if err != nil || !registry.IsIndex(m.MediaType) {
		return err
	}
	images, chosen := f.Choose(content.Children)
	switch {
	case len(images) == 0:
		return fmt.Errorf("%w: it has %s", ErrFiltered, PlatformNames(content.Children))
	case f.Single && len(images) > 1:
		return &SeveralError{Platforms: PlatformNames(images), N: len(images)}
	case f.Single:
		src.Root, src.Tag = images[0], ""
	case len(chosen) < len(content.Children):
		left := slices.DeleteFunc(slices.Clone(content.Children), func(c ocispec.Descriptor) bool { return Among(chosen, c) })
		src.Left = fmt.Sprintf("the filter skipped %d of %d: %s", len(left), len(content.Children), PlatformNames(left))
	}
	return nil
}

// SeveralError is the error of an index of which a filter selects several
// images although Single is set. It is an [ErrUnsupported].
type SeveralError struct {
	Platforms string
	N         int
}

func (e *SeveralError) Error() string {
	return fmt.Sprintf("%v: the filter matches %d platforms (%s), and an index of only these would have a different digest", ErrUnsupported, e.N, e.Platforms)
}

// Unwrap returns [ErrUnsupported].
func (e *SeveralError) Unwrap() error { return ErrUnsupported }

// Choose returns the children of an index that are to be copied, and those of
// them that are images. The platform of an attestation, unknown/unknown, does
// not matter: an attestation belongs to its image.
func (f Filter) Choose(children []ocispec.Descriptor) (images, all []ocispec.Descriptor) {
	if f.Platform == nil {
		return children, children
	}
	for _, c := range children {
		if c.Platform != nil && !Attestation(c) && f.Platform(registry.PlatformName(*c.Platform)) {
			images = append(images, c)
		}
	}
	for _, c := range children {
		about := c.Annotations["vnd.docker.reference.digest"]
		with := Attestation(c) && slices.ContainsFunc(images, func(i ocispec.Descriptor) bool { return string(i.Digest) == about })
		if with || !Attestation(c) && Among(images, c) {
			all = append(all, c)
		}
	}
	return images, all
}

// Among reports whether a list has a descriptor's digest.
func Among(list []ocispec.Descriptor, d ocispec.Descriptor) bool {
	return slices.ContainsFunc(list, func(c ocispec.Descriptor) bool { return c.Digest == d.Digest })
}

// Attestation reports whether a child of an index is an attestation of
// BuildKit.
func Attestation(c ocispec.Descriptor) bool {
	return c.Annotations["vnd.docker.reference.type"] != "" || c.Platform != nil && c.Platform.OS == "unknown"
}

// PlatformNames lists the platforms of an index's children for people.
func PlatformNames(children []ocispec.Descriptor) string {
	var names []string
	for _, c := range children {
		names = append(names, PlatformName(c))
	}
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	return strings.Join(names, ", ")
}

// PlatformName names a child by its platform, with the version for Windows, or
// by its digest.
func PlatformName(c ocispec.Descriptor) string {
	switch {
	case c.Platform == nil:
		return string(c.Digest)
	case c.Platform.OSVersion != "":
		return registry.PlatformName(*c.Platform) + " (" + c.Platform.OSVersion + ")"
	}
	return registry.PlatformName(*c.Platform)
}
