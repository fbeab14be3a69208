package validate

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// tag reports an entry whose tag has the same shape as that of its source but
// differs, such as v28 from v27, or differs by one letter. If another entry of
// that shape and stream differs too, it is intended.
func (c *ciEntries) tag(i release.CIImage) {
	own, from := i.Target.Tag, i.Pair.Source.Tag
	if from == "" || agree(own, from) || !agree(shape(own), shape(from)) && !oneOff(own, from) {
		return
	}
	n := 0
	for other := range c.neighbours(i) {
		if shape(other.Target.Tag) != shape(own) || other.Pair.Source.CanonicalRepository() != i.Pair.Source.CanonicalRepository() {
			continue
		}
		if other.Pair.Source.Tag == "" || !agree(other.Target.Tag, other.Pair.Source.Tag) {
			return
		}
		n++
	}
	why := "which differs by a number or a letter only"
	if n > 0 {
		why = "and the two agree in all other such entries of " + i.Target.Stream.String()
	}
	c.ReportAs(source.Warning, i.From.Pos, "correct the tag of one of the two", "%s is copied from the tag %s, %s", i.Key, from, why)
}

// version reports an entry whose tag is a number that its source's name does
// not have, if it does for all other such entries of the stream: os/python:8 is
// from ubi8/python, os/python:9 from ubi9/python.
func (c *ciEntries) version(i release.CIImage) {
	from := i.Pair.Source
	if shape(i.Target.Tag) != "0" || !digits.MatchString(from.Repository) || digits.MatchString(from.Tag) || numbered(i) {
		return // numbers in both tags are compared by tag
	}
	n := 0
	for other := range c.neighbours(i) {
		if shape(other.Target.Tag) != "0" {
			continue
		}
		if !numbered(*other) {
			return
		}
		n++
	}
	if n > 0 {
		c.ReportAs(source.Warning, i.Pos, "correct the tag, or the source", "%s is copied from %s, without the number %s, which the sources of all other such entries of %s have",
			i.Key, from.Exact(), i.Target.Tag, i.Target.Stream)
	}
}

// numbered reports whether the source's name has the number that is an entry's
// tag.
func numbered(i release.CIImage) bool {
	from := i.Pair.Source
	return slices.Contains(digits.FindAllString(from.Repository+":"+from.Tag, -1), i.Target.Tag)
}

// agree reports whether a tag and that of its source are equal, except for text
// around one of them.
func agree(own, from string) bool { return strings.Contains(from, own) || strings.Contains(own, from) }

var digits = regexp.MustCompile(`[0-9]+`)

// shape returns a tag with each number replaced by the same mark.
func shape(tag string) string { return digits.ReplaceAllString(tag, "0") }

// oneOff reports whether two names differ by one letter or digit, or by two
// swapped neighbours.
func oneOff(a, b string) bool {
	return max(len(a), len(b))-min(len(a), len(b)) <= 1 && suggest.Distance(a, b) == 1
}

// name reports an entry whose stream differs by one letter from the name of its
// source.
func (c *ciEntries) name(i release.CIImage) {
	from := path.Base(i.Pair.Source.Repository)
	if release.QuayCI(i.Pair.Source) {
		return
	}
	own := i.Target.Name
	if len(own) < 4 || !oneOff(own, from) || letters(own) == letters(from) || strings.TrimSuffix(own, "s") == strings.TrimSuffix(from, "s") {
		return
	}
	for other := range c.neighbours(i) { // two entries do not have the same typing error
		if path.Base(other.Pair.Source.Repository) == from {
			return
		}
	}
	c.ReportAs(source.Warning, i.Pos, "correct the name of one of the two, if they should be the same", "%s is copied from %s, whose name is one letter away", i.Key, i.Pair.Source.Exact())
}
