package validate

import (
	"fmt"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// maxExpanded limits the tags that the wildcards of a tree are compared with,
// and maxCompared the comparisons of wildcards and tags. Both are a thousand
// times what a release repository needs.
const (
	maxExpanded = 5_000_000
	maxCompared = 50_000_000
)

// expandWildcard returns the copies of a wildcard if the tree shows all tags of
// its stream.
//
// stripped is the prefix that its jobs remove from the tags. left is the number
// of tags that may still be compared; if it does not suffice, the wildcard is
// not expanded.
func expandWildcard(p *Pass, w writer, stripped string, left *int) ([]writer, bool) {
	if !w.Source.Wildcard() || w.Destination.Tag != w.Source.Tags() || w.Destination.Digest != "" {
		return nil, false
	}
	stream, ok := p.tree.CITag(w.Source)
	if !ok {
		return nil, false
	}
	promotions := p.tree.Promotions()
	every, complete := promotions.Tags(stream.Stream)
	if !complete || p.tree.Manifests().DeclaredStream(stream.Stream) {
		return nil, false
	}
	if *left -= len(every); *left < 0 {
		return nil, false
	}
	tags, _ := promotions.Matching(stream.Stream, w.Source)
	var all []writer
	for _, tag := range tags {
		one := w
		one.expanded, one.untagged = true, w.Source.Tag == ""
		one.Source.Tag, one.Destination.Tag = tag, strings.TrimPrefix(tag, stripped)
		all = append(all, one)
	}
	return all, len(all) > 0
}

// repeats are equal copies in two files, at least one of them by wildcards.
// They are reported once for each pair of files.
type repeats struct {
	all []repeat
	at  map[[2]*release.MappingFile]int // of all pairs, by the earlier and the later file
}

type repeat struct {
	earlier, later writer
	all            []writer // of the later file
}

// add adds the copy of a later file that an earlier file also makes. It returns
// false if neither is a wildcard or the sources differ.
func (r *repeats) add(earlier []writer, w writer) bool {
	for _, e := range earlier {
		if !e.expanded && !w.expanded || e.Source.Canonical() != w.Source.Canonical() {
			return false
		}
	}
	key := [2]*release.MappingFile{earlier[0].file, w.file}
	i, ok := r.at[key]
	if !ok {
		if r.at == nil {
			r.at = map[[2]*release.MappingFile]int{}
		}
		i = len(r.all)
		r.at[key] = i
		r.all = append(r.all, repeat{earlier: earlier[0], later: w})
	}
	r.all[i].all = append(r.all[i].all, w)
	return true
}

// reportRepeats reports equal copies in two files.
func reportRepeats(p *Pass, again repeats) {
	for _, r := range again.all {
		var names []string
		for _, w := range r.all {
			names = append(names, w.Destination.Exact())
		}
		hint := "narrow the wildcard, or remove the lines of one of the two"
		if r.later.untagged || r.earlier.untagged {
			hint = "a source without a tag means every tag of its image stream: name the tags, or remove the lines of one of the two"
		}
		whose := whose(p, r.earlier.file, r.later.file)
		f := p.ReportAs(source.Warning, r.later.Destination.Pos, hint, "%d images are copied by %s and by %s, from the same sources: %s",
			len(names), r.later.file.Base, whose, some(names, 2))
		f.Parts = []string{"images are copied by " + r.later.file.Base + " and by " + whose}
		f.places = true // independent of the pair: removing one of several files leaves another
		f.Cause = Cause{ID: "every tag " + r.earlier.file.Path,
			Summary: fmt.Sprintf("{n} files copy images from the same sources to the same destinations as %s of set %s", r.earlier.file.Base, r.earlier.file.Set.Name)}
		f.Related = append(f.Related, Related{Pos: r.earlier.Destination.Pos, Message: "also written here, from " + r.earlier.Source.Exact()})
	}
}
