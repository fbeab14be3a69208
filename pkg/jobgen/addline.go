package jobgen

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Add adds a line to the mapping file of a set whose lines are most similar, in
// sorted order where the file is sorted. It returns that file. file is the base
// name of the file; "" chooses one. The error is a [Problems].
func Add(tree *release.Tree, set, src, dst, file string) (File, error) {
	s, err := setNamed(tree, set)
	if err != nil {
		return File{}, err
	}
	name := s.Dir + "/" + mappingName + s.Prefix()
	line := src + " " + dst
	parsed, problems := lines(tree, "the new line", []string{src}, []string{dst})
	if parsed == nil {
		return File{}, problems.orNil()
	}
	problems = append(problems, written(tree, parsed)...)
	into := fileFor(s, parsed, file)
	if into == nil && file != "" {
		problems = append(problems, source.Problem{Pos: source.Position{File: s.Dir}, Message: "the set has no file " + file, Hint: "name one of its mapping files, or leave --file out"})
	}
	if err := problems.orNil(); err != nil {
		return File{}, err
	}
	if into == nil {
		return File{Path: name, New: []byte(line + "\n")}, nil
	}
	old := into.Bytes()
	return File{Path: into.Path, Old: old, New: insert(old, line)}, nil
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
func insert(text []byte, line string) []byte {
	text = withNewline(text, "")
	lines := strings.SplitAfter(string(text), "\n")
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
	for _, order := range []func(a, b string) int{strings.Compare, func(a, b string) int { return cmp.Compare(natural(a), natural(b)) }} {
		if slices.IsSortedFunc(entries, order) {
			if i, _ := slices.BinarySearchFunc(entries, line, order); i < len(entries) { // above the next one
				at = places[i]
			}
			break
		}
	}
	end := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
	}
	return []byte(strings.Join(slices.Insert(lines, at, line+end), ""))
}
