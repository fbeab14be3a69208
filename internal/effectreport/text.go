package effectreport

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

// Text writes an effect for a terminal or a log.
func Text(w io.Writer, c Change) error {
	d := newDocument(c, false)
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, d.title)
	for _, s := range d.sections {
		fmt.Fprintf(b, "\n%s", s.title)
		if s.note != "" {
			fmt.Fprintf(b, " (%s)", s.note)
		}
		fmt.Fprintln(b, ":")
		for _, g := range s.groups {
			indent := "  "
			if len(g.name) > 0 {
				fmt.Fprintf(b, "  %s\n", text.Line(g.name.String()))
				indent = "    "
			}
			for _, it := range g.items {
				fmt.Fprintf(b, "%s%s %s%s\n", indent, s.sign, text.Line(it.text.String()), where(it.at)+others(it.lines))
			}
		}
	}
	return b.Flush()
}

func where(p effects.Place) string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return "  " + text.Line(p.File)
	}
	return fmt.Sprintf("  %s:%d", text.Line(p.File), p.Line)
}

// short returns a place without its folders, for groups that already name the set.
func short(p effects.Place) string {
	if p.File == "" {
		return ""
	}
	s := p.File[strings.LastIndexByte(p.File, '/')+1:]
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	return s
}
