package effects

import (
	"encoding/json"
	"strings"
)

// Words is a text that marks the parts that come from the trees, so that a
// renderer can escape them.
type Words []Part

// Part is a piece of a text.
type Part struct {
	Text string
	Code bool // it comes from a tree: a name, a path, a value
}

// Say returns a part that does not come from a tree.
func Say(s string) Part { return Part{Text: s} }

// Code returns a part that comes from a tree.
func Code(s string) Part { return Part{Text: s, Code: true} }

// String returns the text without any markup.
func (w Words) String() string {
	var b strings.Builder
	for _, p := range w {
		b.WriteString(p.Text)
	}
	return b.String()
}

// MarshalJSON writes the plain text.
func (w Words) MarshalJSON() ([]byte, error) { return json.Marshal(w.String()) }
