package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// TextOptions say how findings are written for a person.
type TextOptions struct {
	Color bool
	// Source gives the text of a file, for the line under a finding; nil when
	// it is not to be had.
	Source func(file string) []byte
	// Width is that of the terminal in columns; longer lines of files are cut
	// around the caret. 0 when there is none.
	Width int
}

// The colours of a terminal, by severity and part.
const (
	reset = "\x1b[0m"
	bold  = "\x1b[1m"
	cyan  = "\x1b[36m"
)

var severityColors = [...]string{source.Error: "\x1b[31m", source.Warning: "\x1b[33m", source.Info: "\x1b[34m"}

// Text writes each finding as file:line:column: severity: message [rule], the
// line it points to with a caret, its hint and the places related to it, and
// ends with a count.
func Text(w io.Writer, r *validate.Result, opts TextOptions) error {
	b := bufio.NewWriter(w)
	t := textWriter{b, opts, newLines(opts.Source)}
	for _, f := range r.Findings {
		t.finding(f)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(b, "skipped: %s: %s\n", text.Line(s.Rule), text.Line(s.Reason))
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(b, "no findings")
	} else {
		fmt.Fprintf(b, "%s, %s, %s\n", text.Plural(r.Count(source.Error), "error"), text.Plural(r.Count(source.Warning), "warning"), text.Plural(r.Count(source.Info), "info"))
	}
	return b.Flush()
}

type textWriter struct {
	*bufio.Writer
	opts  TextOptions
	lines lines
}

func (t textWriter) paint(color, s string) string {
	if !t.opts.Color {
		return s
	}
	return color + s + reset
}

func (t textWriter) finding(f validate.Finding) {
	fmt.Fprintf(t, "%s: %s: %s %s\n", t.paint(bold, text.Line(f.Pos.String())), t.paint(severityColors[f.Severity], f.Severity.String()),
		text.Line(f.Message), t.paint(cyan, "["+f.Rule+"]"))
	t.snippet(f.Pos)
	if f.Hint != "" {
		fmt.Fprintf(t, "  hint: %s\n", text.Line(f.Hint))
	}
	for i, r := range f.Related {
		if i == maxRelated && len(f.Related) > maxRelated+1 {
			fmt.Fprintf(t, "    and %d more places\n", len(f.Related)-i)
			break
		}
		fmt.Fprintf(t, "    %s: %s\n", text.Line(r.Pos.String()), text.Line(r.Message))
	}
}

// maxRelated is how many related places a person is shown; other formats have
// them all.
const maxRelated = 5

// snippet shows the line with a caret under the column. Tabs are kept in the
// line of the caret, so that it stands right whatever their width.
func (t textWriter) snippet(pos source.Position) {
	line, ok := t.lines.at(pos)
	if !ok {
		return
	}
	gutter := fmt.Sprintf("%5d | ", pos.Line)
	columns := cmp.Or(t.opts.Width, defaultWidth)
	line, column := cut(line, pos.Column, max(columns-len(gutter), leastWidth))
	fmt.Fprintf(t, "%s%s\n", gutter, text.Line(string(line)))
	if column == 0 || column > len(line)+1 {
		return
	}
	var pad strings.Builder
	for _, c := range line[:column-1] {
		pad.WriteString(blank(c))
	}
	fmt.Fprintf(t, "%s%s%s\n", strings.Repeat(" ", len(gutter)-2)+"| ", pad.String(), t.paint(bold, "^"))
}

const (
	defaultWidth = 168 // of a line with its number, where no terminal says
	leastWidth   = 20
)

// blank is as wide on a terminal as a character.
func blank(c rune) string {
	switch {
	case c == '\t':
		return "\t"
	case unicode.In(c, unicode.Mn, unicode.Me):
		return ""
	}
	switch width.LookupRune(c).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return "  "
	}
	return " "
}
