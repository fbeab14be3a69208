package mapping

import (
	"iter"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// File is one parsed mapping file. It is not changed after Parse.
type File struct {
	Name  string // as given to Parse; the File of every position
	Lines []Line // every line, in order
	// Problems are the problems of the file, in order of position.
	Problems []source.Problem
}

// Kind is the kind of a line.
type Kind int

// The kinds of line.
const (
	Blank   Kind = iota // nothing but white space
	Comment             // nothing but a comment
	Mapped              // one or more entries
	Invalid             // rejected by oc image mirror: see File.Problems
)

// Line is one line of a file.
type Line struct {
	Number  int // from 1
	Offset  int // byte offset in the file
	Kind    Kind
	Text    string  // as written, without its end
	End     string  // "\n", or "" for a last line without newline
	Entries []Entry // when Kind is Mapped; one, or one for each SRC=DST
}

// Entry is one source and the destinations it is copied to (at least one).
type Entry struct {
	Source       Reference
	Destinations []Reference
}

// Pair is one copy: a source and one destination after tag inheritance.
type Pair struct {
	Source Reference
	// Destination inherits the source's tag or wildcard if it is written
	// without a tag ("v4*" means each matching tag, "*" all tags). Tag is ""
	// only if the source has a digest and no tag: then the image is pushed by
	// digest.
	Destination Reference
}

// Pairs returns the entry's copies in the order written.
func (e Entry) Pairs() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for _, d := range e.Destinations {
			if !yield(Pair{Source: e.Source, Destination: inherit(e.Source, d)}) {
				return
			}
		}
	}
}

func inherit(src, dst Reference) Reference {
	if dst.Scheme != "" || dst.Tag != "" || dst.Digest != "" {
		return dst
	}
	dst.Tag = src.Tag
	if src.Tag == "" && src.Digest == "" {
		dst.Tag = "*"
	}
	return dst
}

// Entries returns all entries of the file in order.
func (f *File) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := range f.Lines {
			for _, e := range f.Lines[i].Entries {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// Pairs returns all copies of the file in order.
func (f *File) Pairs() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for e := range f.Entries() {
			for p := range e.Pairs() {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Bytes prints the file: exactly the bytes that were parsed.
func (f *File) Bytes() []byte {
	n := 0
	for i := range f.Lines {
		n += len(f.Lines[i].Text) + len(f.Lines[i].End)
	}
	out := make([]byte, 0, n)
	for i := range f.Lines {
		out = append(out, f.Lines[i].Text...)
		out = append(out, f.Lines[i].End...)
	}
	return out
}
