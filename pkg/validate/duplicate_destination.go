package validate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func duplicateDestination() Rule {
	return Rule{
		ID:    "duplicate-destination",
		Title: "one destination written twice: in a file, across files, across sets, through a wildcard",
		Why: "oc image mirror refuses a whole file that names a destination twice, so nothing of it is mirrored. " +
			"Across files nobody notices: each job overwrites what the other wrote, and the tag flips on every run.",
		Fix:      "Keep one of the lines, or give one of them another tag.",
		Severity: source.Error,
		Bad: exampleMapping + `registry.ci.openshift.org/team/stream:web quay.io/team/app:latest
`,
		Good: exampleMapping + `registry.ci.openshift.org/team/stream:web quay.io/team/web:latest
`,
		Check: checkDuplicateDestination,
	}
}

// writer is one place that writes a destination.
type writer struct {
	file *release.MappingFile
	mapping.Pair
	expanded bool // one of the tags of a wildcard, or of a source without a tag
	untagged bool // the source is written without a tag
}

func checkDuplicateDestination(p *Pass) {
	wild := map[string][]writer{}  // by repository: the tag is a pattern
	exact := map[string][]writer{} // by repository and tag
	tagged := map[string][]writer{}
	var keys []string
	eachWriter(p, func(w writer, pattern bool) {
		if pattern {
			repo := w.Destination.CanonicalRepository()
			wild[repo] = append(wild[repo], w)
			return
		}
		key := w.Destination.Canonical()
		if len(exact[key]) == 0 {
			keys = append(keys, key)
		}
		exact[key] = append(exact[key], w)
	})
	var again repeats
	for _, key := range keys {
		if writers := exact[key]; len(writers) > 1 {
			sameTag(p, writers, &again)
		}
		if repo := exact[key][0].Destination.CanonicalRepository(); len(wild[repo]) > 0 {
			tagged[repo] = append(tagged[repo], exact[key][0])
		}
	}
	reportRepeats(p, again)
	left := maxCompared
	for _, repo := range slices.Sorted(maps.Keys(wild)) {
		cost := len(wild[repo]) * (len(wild[repo])/2 + len(tagged[repo]))
		if cost > left {
			p.ReportAs(source.Warning, wild[repo][0].Destination.Pos, "use fewer wildcards",
				"%d wildcards and %d tags write to %s: they are too many to be compared", len(wild[repo]), len(tagged[repo]), repo)
			continue
		}
		left -= cost
		wildcards(p, wild[repo], tagged[repo])
	}
}

// eachWriter returns every place that writes a destination. A wildcard is
// expanded to its tags, or stays a pattern if they are not known.
func eachWriter(p *Pass, visit func(w writer, pattern bool)) {
	left := maxExpanded
	for _, m := range p.tree.Mappings() {
		for pair := range m.Pairs() {
			if pair.Destination.Scheme != "" {
				continue
			}
			w := writer{file: m, Pair: pair}
			stripped := release.StrippedPrefix(p.tree.Runs().Of(m), pair.Source)
			if all, ok := expandWildcard(p, w, stripped, &left); ok {
				for _, one := range all {
					visit(one, false)
				}
				continue
			}
			pattern := w.Destination.Wildcard() && w.Destination.Tag != ""
			w.Destination.Tag = strings.TrimPrefix(w.Destination.Tag, stripped)
			visit(w, pattern)
		}
	}
}

// sameTag reports each writer of one tag after the first, or adds it to those
// that are reported together.
func sameTag(p *Pass, writers []writer, again *repeats) {
	for i, w := range writers[1:] {
		earlier := writers[:min(i+1, maxRelated+1)]
		if other := slices.IndexFunc(earlier, func(o writer) bool { return o.file == w.file }); other >= 0 {
			twiceInFile(p, earlier[other], w)
			continue
		}
		if again.add(earlier, w) {
			continue
		}
		if w.Destination.Tag == "" { // pushed by digest: no tag to overwrite
			continue
		}
		acrossFiles(p, earlier, w)
	}
}

func twiceInFile(p *Pass, first, w writer) {
	name := w.Destination.Exact()
	var f *Finding
	switch {
	case first.Destination.Exact() != name:
		f = p.Report(w.Destination.Pos, "remove one of the two, or give it another tag",
			"%s and %s are the same destination: the last copy wins", first.Destination.Exact(), name)
	case first.Source.Canonical() == w.Source.Canonical():
		f = p.Report(w.Destination.Pos, "remove one of the two", "%s is named twice, and oc image mirror refuses the whole file", name)
		f.Fix = dropReference(w.file, w.Destination)
	default:
		f = p.Report(w.Destination.Pos, "remove one of the two, or give it another tag",
			"%s is named twice, from %s and from %s, and oc image mirror refuses the whole file", name, first.Source.Exact(), w.Source.Exact())
	}
	f.Parts = []string{fmt.Sprintf("%s is named twice in one file, from %s", name, strings.Join(sortedSources(first, w), " and "))}
	f.Related = append(f.Related, Related{Pos: first.Destination.Pos, Message: "first named here"})
}

// sortedSources returns the sorted sources of writers.
func sortedSources(writers ...writer) []string {
	var names []string
	for _, w := range writers {
		names = append(names, w.Source.Exact())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func acrossFiles(p *Pass, earlier []writer, w writer) {
	name := w.Destination.Exact()
	other := earlier[0]
	for _, o := range earlier { // a writer with another source is the better finding
		if o.Source.Canonical() != w.Source.Canonical() {
			other = o
			break
		}
	}
	severity, effect, effects := source.Error, "the tag flips on every run", "the tags flip on every run"
	hint, hints := "keep it in one file, or give one of them another tag", "keep each of them in one file, or give it another tag in the other"
	switch {
	case other.Source.Canonical() == w.Source.Canonical():
		severity, effect, effects = source.Warning, "the copy is made twice", "the copies are made twice"
		hint, hints = "keep it in one file", "keep each of them in one file"
	case idle(p, other.file) || idle(p, w.file):
		severity, effect, effects = source.Warning, "the tag would flip if both files were run", "the tags would flip if both files were run"
	}
	f := p.ReportAs(severity, w.Destination.Pos, hint, "%s is also written by %s, from %s; %s writes it from %s: %s",
		name, whose(p, other.file, w.file), other.Source.Exact(), w.file.Base, w.Source.Exact(), effect)
	f.Parts = []string{name + " is written by several files: " + effect}
	f.Cause = Cause{ID: strings.Join([]string{effect, w.file.Path, other.file.Path}, " "),
		Summary: fmt.Sprintf("{n} images of %s are also written by %s: %s", w.file.Base, whose(p, other.file, w.file), effects), Hint: hints}
	for _, o := range earlier {
		f.Related = append(f.Related, Related{Pos: o.Destination.Pos, Message: "also written here, from " + o.Source.Exact()})
	}
}

// idle reports whether certainly no job mirrors a file.
func idle(p *Pass, m *release.MappingFile) bool {
	return p.noJobs() == "" && len(p.tree.Runs().Of(m)) == 0
}

// whose describes a file relative to another.
func whose(p *Pass, m, from *release.MappingFile) string {
	if m.Set == from.Set {
		return m.Base
	}
	return fmt.Sprintf("%s of set %s", m.Base, m.Set.Name)
}

// wildcards reports each wildcard whose possible tags overlap with those of
// other writers of the repository, in one finding.
func wildcards(p *Pass, wild, tagged []writer) {
	for i, w := range wild {
		var others []writer
		found := 0
		for _, rest := range [...][]writer{wild[:i], tagged} {
			for j := range rest {
				if !mapping.TagsOverlap(rest[j].Destination.Tag, w.Destination.Tag) {
					continue
				}
				if found++; found <= maxRelated {
					others = append(others, rest[j])
				}
			}
		}
		if len(others) == 0 {
			continue
		}
		name, effect := w.Destination.Exact(), "whichever runs last wins"
		other := others[0]
		for _, o := range others {
			if o.Source.Canonical() != w.Source.Canonical() { // more serious than a duplicate copy
				other = o
			}
			if o.file == w.file {
				other, effect = o, "oc image mirror then refuses the whole file"
				break
			}
		}
		if other.file != w.file && other.Source.Canonical() == w.Source.Canonical() {
			effect = "the copies are made twice"
		}
		f := p.ReportAs(source.Warning, w.Destination.Pos, "narrow the wildcard, or remove one of the two",
			"the wildcard %s, from %s, can write the same tags as %s, from %s: %s",
			name, w.Source.Exact(), other.Destination.Exact(), other.Source.Exact(), effect)
		f.Parts = []string{fmt.Sprintf("%s can write the same tags as %s", name, other.Destination.Exact())}
		for _, o := range others {
			f.Related = append(f.Related, Related{Pos: o.Destination.Pos, Message: "writes " + o.Destination.Exact()})
		}
		if found > len(others) {
			f.Related = append(f.Related, Related{Pos: others[len(others)-1].Destination.Pos, Message: fmt.Sprintf("and %d more from here on", found-len(others))})
		}
	}
}
