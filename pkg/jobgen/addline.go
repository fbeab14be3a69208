package jobgen

import (
	"bytes"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Added is the result of [Add].
type Added struct {
	File  File // the mapping file with the new line
	Notes []source.Problem
}

// Add adds a line to the mapping file of a set whose lines are most similar, in
// sorted order where the file is sorted. file is the base name of the file; ""
// chooses one. The error is a [Problems].
func Add(tree *release.Tree, set, src, dst, file string) (*Added, error) {
	s, err := setNamed(tree, set)
	if err != nil {
		return nil, err
	}
	line := src + " " + dst
	parsed, problems := lines(tree, s.Dir, []string{src}, []string{dst})
	for i := range problems { // the line is in no file yet
		problems[i].Pos = source.Position{File: s.Dir}
	}
	if parsed == nil {
		return nil, problems.orNil()
	}
	problems = append(problems, written(tree, parsed)...)
	into := fileFor(s, parsed, file)
	if into == nil && file != "" {
		problems = append(problems, source.Problem{Pos: source.Position{File: s.Dir}, Message: "the set has no file " + file, Hint: "name one of its mapping files, or leave --file out"})
	}
	if err := problems.orNil(); err != nil {
		return nil, err
	}
	out := &Added{File: File{Path: s.Dir + "/" + mappingName + s.Prefix(), New: []byte(line + "\n")}, Notes: untagged(parsed)}
	if into != nil {
		old := into.Bytes()
		out.File = File{Path: into.Path, Old: old, New: insert(old, line)}
	}
	for i := range out.Notes {
		out.Notes[i].Pos = source.Position{File: out.File.Path}
	}
	return out, nil
}

// untagged returns a note for each destination that gets the tag of its source.
func untagged(file *mapping.File) []source.Problem {
	var notes []source.Problem
	for e := range file.Entries() {
		for _, d := range e.Destinations {
			if d.Tag == "" && e.Source.Tag != "" && !e.Source.Wildcard() {
				notes = append(notes, source.Problem{Pos: d.Pos, Severity: source.Info, Hint: "write a tag to change it, such as " + d.Text + ":latest",
					Message: d.Text + " gets the tag of its source: " + e.Source.Tag})
			}
		}
	}
	return notes
}

// written reports the destinations that a mapping already writes.
func written(tree *release.Tree, file *mapping.File) []source.Problem {
	var out []source.Problem
	for _, f := range tree.Mappings() {
		for old := range f.Pairs() {
			for p := range file.Pairs() {
				if p.Destination.Canonical() == old.Destination.Canonical() {
					out = append(out, source.Problem{Pos: old.Destination.Pos, Message: old.Destination.Text + " is already a destination", Hint: "choose another destination"})
				}
			}
		}
	}
	return out
}

// fileFor returns the file of a set whose lines are most similar to a new one. It
// compares destination repositories, source repositories and organisations.
func fileFor(set *release.Set, line *mapping.File, name string) *release.MappingFile {
	var best *release.MappingFile
	most := -1
	for _, f := range set.Files {
		if name != "" && f.Base != name {
			continue
		}
		like := 0
		for old := range f.Pairs() {
			for p := range line.Pairs() {
				like += likeness(old, p)
			}
		}
		if like > most {
			best, most = f, like
		}
	}
	return best
}

func likeness(a, b mapping.Pair) int {
	n := 0
	if a.Destination.CanonicalRepository() == b.Destination.CanonicalRepository() {
		n += 100
	}
	if a.Source.CanonicalRepository() == b.Source.CanonicalRepository() {
		n += 10
	}
	if release.Organisation(a.Source) == release.Organisation(b.Source) && release.Organisation(a.Destination) == release.Organisation(b.Destination) {
		n++
	}
	return n
}

// insert puts a line into a text: in sorted order if the text is sorted, else
// after the last line.
func insert(old []byte, line string) []byte {
	old = withNewline(old, "")
	lines := strings.SplitAfter(string(old), "\n")
	lines = lines[:len(lines)-1]
	var places []int // of lines with a mapping
	var entries []string
	for i, l := range lines {
		if t := strings.TrimSpace(l); t != "" && t[0] != '#' {
			places = append(places, i)
			entries = append(entries, t)
		}
	}
	at := len(lines)
	if n := len(places); n > 0 {
		at = places[n-1] + 1
	}
	for _, order := range []func(a, b string) int{strings.Compare, text.Natural} {
		if slices.IsSortedFunc(entries, order) {
			if i, _ := slices.BinarySearchFunc(entries, line, order); i < len(entries) { // above the next one
				at = places[i]
			}
			break
		}
	}
	end := "\n"
	if bytes.Contains(old, []byte("\r\n")) {
		end = "\r\n"
	}
	return []byte(strings.Join(slices.Insert(lines, at, line+end), ""))
}
