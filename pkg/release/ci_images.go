package release

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// CIImages is the configuration of ci-images-mirror (openshift/ci-tools): the
// images of other registries that are copied to quay.io/openshift/ci, and those
// that are copied from there to the CI registry.
type CIImages struct {
	Path string
	// Supplemental are copied from anywhere into openshift/ci.
	Supplemental []CIImage
	// Backfills are copied from openshift/ci to the CI registry.
	Backfills []CIImage
	// Ignored are sources that are currently not copied.
	Ignored []IgnoredSource
	// ART are the streams of the CI registry that are copied into openshift/ci
	// with any tag.
	ART []StreamPattern
	// Problems are the problems of the file, by position. If one of them is an
	// error, ci-images-mirror does nothing at all.
	Problems []source.Problem
	// Unread reports whether the file exists but could not be read at all.
	Unread bool

	// The targets of both kinds, including entries with an invalid source.
	supplemental, backfilled map[ImageTag]bool
}

// CIImage is one entry: a target and where it comes from.
type CIImage struct {
	Key    string
	Pos    source.Position // of the key
	Target ImageTag        // what the key names
	From   CISource
	// Pair is the copy that the entry describes.
	Pair mapping.Pair
}

// CISource is the source of an entry: an image, or a tag of the CI registry.
type CISource struct {
	Pos   source.Position
	Image string   // "" where Tag says it
	Tag   ImageTag // the zero value if Image has the source
}

// IgnoredSource is a source that is currently not copied.
type IgnoredSource struct {
	CISource
	Reason string
}

// StreamPattern matches some tags of some streams of a namespace.
type StreamPattern struct {
	Pos       source.Position
	Namespace string
	Name      *regexp.Regexp
	NamePos   source.Position
	Tag       *regexp.Regexp // nil for every tag
	TagPos    source.Position
}

// Matches reports whether the pattern matches some tag of a stream.
func (p StreamPattern) Matches(s Stream) bool {
	return s.Namespace == p.Namespace && p.Name.MatchString(s.Name)
}

// Covers reports whether the pattern matches a tag.
func (p StreamPattern) Covers(t ImageTag) bool {
	return p.Matches(t.Stream) && (p.Tag == nil || p.Tag.MatchString(t.Tag))
}

// Spec returns the source as one reference.
func (s CISource) Spec() string {
	if s.Image != "" {
		return s.Image
	}
	return CIRegistry + "/" + s.Tag.String()
}

// IgnoredAs returns the first ignored source that applies to a source.
func (c *CIImages) IgnoredAs(s CISource) (IgnoredSource, bool) {
	for _, i := range c.Ignored {
		if i.Spec() == s.Spec() {
			return i, true
		}
	}
	return IgnoredSource{}, false
}

// File returns the copies as a mapping file with positions in the
// configuration. Copies with an ignored source are in the second result.
func (c *CIImages) File() (*mapping.File, []CIImage) {
	f := &mapping.File{Name: c.Path, Problems: c.Problems}
	var ignored []CIImage
	for _, i := range c.All() {
		if _, ok := c.IgnoredAs(i.From); ok {
			ignored = append(ignored, i)
			continue
		}
		f.Lines = append(f.Lines, mapping.Line{
			Number: i.Pos.Line, Kind: mapping.Mapped, Text: i.Pair.Source.Text + " " + i.Pair.Destination.Text, End: "\n",
			Entries: []mapping.Entry{{Source: i.Pair.Source, Destinations: []mapping.Reference{i.Pair.Destination}}},
		})
	}
	return f, ignored
}

// fills reports whether an entry copies a tag into openshift/ci, or artImages
// may do so.
func (c *CIImages) fills(tag ImageTag) bool {
	return c.supplemental[tag] || slices.ContainsFunc(c.ART, func(p StreamPattern) bool { return p.Covers(tag) })
}

// brings reports whether tags with unknown names may be copied into a stream.
func (c *CIImages) brings(s Stream) bool {
	return slices.ContainsFunc(c.ART, func(p StreamPattern) bool { return p.Matches(s) })
}

// All returns the entries that copy an image, of both kinds.
func (c *CIImages) All() []CIImage {
	return append(append([]CIImage(nil), c.Supplemental...), c.Backfills...)
}

// loadCIImages reads the configuration of a tree; it is empty without that
// file.
func loadCIImages(t *Tree) *CIImages {
	file := t.Layout.Supplemental()
	data, missing, problems := configuration(t, file)
	if missing != "" {
		return &CIImages{Path: file, Problems: problems, Unread: len(problems) > 0}
	}
	return ParseCIImages(file, data)
}

// ImageTag returns the tag of the CI registry that is the source, in either
// notation.
func (s CISource) ImageTag() (ImageTag, bool) {
	if s.Image == "" {
		return s.Tag, true
	}
	ref, problems := mapping.ParseReference(s.Image, s.Pos, true)
	namespace, name, ok := strings.Cut(ref.Repository, "/")
	if len(problems) > 0 || ref.Registry != CIRegistry || !ok || ref.Tag == "" {
		return ImageTag{}, false
	}
	return ImageTag{Stream{namespace, name}, ref.Tag}, true
}
