package effects

import (
	"encoding/json"
	"strings"
)

// Words is a text in which what comes from the trees stands apart from our own,
// so that whoever shows it can keep names from being taken for markup.
type Words []Part

// Part is a piece of a text.
type Part struct {
	Text string
	Code bool // it comes from a tree: a name, a path, a value
}

// Say is a part of our own.
func Say(s string) Part { return Part{Text: s} }

// Code is a part that comes from a tree.
func Code(s string) Part { return Part{Text: s, Code: true} }

// String gives the text without any markup.
func (w Words) String() string {
	var b strings.Builder
	for _, p := range w {
		b.WriteString(p.Text)
	}
	return b.String()
}

// MarshalJSON writes the plain text.
func (w Words) MarshalJSON() ([]byte, error) { return json.Marshal(w.String()) }
