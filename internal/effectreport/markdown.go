package effectreport

import (
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

// Marker begins every comment, so that a workflow can find and replace its
// earlier comment. GitHub does not show it.
const Marker = "<!-- mirror-jobgen diff -->"

// maxComment is GitHub's limit for a comment in characters, less some for what a
// workflow adds.
const maxComment = 65_000

// maxName is the number of bytes of one name to show.
const maxName = 300

// Markdown writes an effect as a comment on a pull request. It shortens the lists
// of all sections until the comment fits.
func Markdown(w io.Writer, c Change) error {
	d := newDocument(c, false)
	var out string
	for _, limit := range []int{500, 200, 100, 50, 20, 10, 5, 2, 0} {
		out = d.markdown(limit)
		if utf8.RuneCountInString(out) <= maxComment {
			break
		}
	}
	_, err := io.WriteString(w, out)
	return err
}

// markdown renders at most limit items of each section.
func (d *document) markdown(limit int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n**Image mirroring:** %s.\n", Marker, d.title)
	for _, s := range d.sections {
		open := ""
		if s.open {
			open = " open"
		}
		note := ""
		if s.note != "" {
			note = ": " + s.note
		}
		fmt.Fprintf(&b, "\n<details%s><summary><b>%s</b> (%s)%s</summary>\n\n", open, html.EscapeString(s.title), text.Thousands(s.count()), html.EscapeString(note))
		left := limit
		for _, g := range s.groups {
			if left <= 0 {
				break
			}
			indent := ""
			if len(g.name) > 0 {
				fmt.Fprintf(&b, "- %s\n", inline(g.name))
				indent = "  "
			}
			for _, it := range g.items[:min(left, len(g.items))] {
				fmt.Fprintf(&b, "%s- %s%s\n", indent, inline(it.text), at(it))
			}
			left -= len(g.items)
		}
		if n := s.items() - limit; n > 0 {
			fmt.Fprintf(&b, "- and %s more\n", text.Thousands(n))
		}
		b.WriteString("\n</details>\n")
	}
	return b.String()
}

func at(it item) string {
	if it.at.File == "" {
		return ""
	}
	return " (" + span(short(it.at)) + others(it.lines) + ")"
}

// inline renders a text with everything that comes from a tree as code.
func inline(w effects.Words) string {
	var b strings.Builder
	for _, p := range w {
		if p.Code {
			b.WriteString(span(p.Text))
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// span renders a text as inline code. The fence is longer than any run of
// backticks in the text, so that nothing in the text ends the code. There are no
// line breaks, so that nothing in the text begins a line.
func span(s string) string {
	s = text.Short(strings.ReplaceAll(text.Line(s), "\t", " "), maxName)
	if s == "" {
		return "(empty)"
	}
	longest, row := 0, 0
	for _, r := range s {
		if r == '`' {
			row++
			longest = max(longest, row)
		} else {
			row = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return fence + s + fence
}
