package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/mirror-tools/mirror-tools/internal/source"
)

// TextOptions say how findings are written for a person.
type TextOptions struct {
	Color bool
	// Source gives the text of a file, for the line under a finding; nil when
	// it is not to be had.
	Source func(file string) []byte
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
func Text(w io.Writer, r *Result, opts TextOptions) error {
	b := bufio.NewWriter(w)
	t := textWriter{b, opts, map[string][][]byte{}}
	for _, f := range r.Findings {
		t.finding(f)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(b, "skipped: %s: %s\n", printable(s.Rule), printable(s.Reason))
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(b, "no findings")
	} else {
		fmt.Fprintf(b, "%s, %s, %s\n", plural(r.Count(source.Error), "error"), plural(r.Count(source.Warning), "warning"), plural(r.Count(source.Info), "info"))
	}
	return b.Flush()
}

func plural(n int, word string) string {
	if n == 1 || word == "info" {
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}

type textWriter struct {
	*bufio.Writer
	opts  TextOptions
	lines map[string][][]byte
}

func (t textWriter) paint(color, s string) string {
	if !t.opts.Color {
		return s
	}
	return color + s + reset
}

func (t textWriter) finding(f Finding) {
	fmt.Fprintf(t, "%s: %s: %s %s\n", t.paint(bold, printable(f.Pos.String())), t.paint(severityColors[f.Severity], f.Severity.String()),
		printable(f.Message), t.paint(cyan, "["+f.Rule+"]"))
	t.snippet(f.Pos)
	if f.Hint != "" {
		fmt.Fprintf(t, "  hint: %s\n", printable(f.Hint))
	}
	for i, r := range f.Related {
		if i == maxRelated && len(f.Related) > maxRelated+1 {
			fmt.Fprintf(t, "    and %d more places\n", len(f.Related)-i)
			break
		}
		fmt.Fprintf(t, "    %s: %s\n", printable(r.Pos.String()), printable(r.Message))
	}
}

// maxRelated is how many related places a person is shown; other formats have
// them all.
const maxRelated = 5

// snippet shows the line with a caret under the column. Tabs are kept in the
// line of the caret, so that it stands right whatever their width.
func (t textWriter) snippet(pos source.Position) {
	line, ok := t.line(pos)
	if !ok {
		return
	}
	const most = 160 // characters; a longer line is cut around the caret
	start := 0
	if pos.Column > most-40 {
		start = pos.Column - 40
	}
	end := min(len(line), start+most)
	start = min(start, end)
	gutter := fmt.Sprintf("%5d | ", pos.Line)
	fmt.Fprintf(t, "%s%s\n", gutter, printable(string(line[start:end])))
	if pos.Column == 0 || pos.Column > len(line)+1 {
		return
	}
	var pad strings.Builder
	for _, c := range line[start : pos.Column-1] {
		if c != '\t' {
			c = ' '
		}
		pad.WriteRune(c)
	}
	fmt.Fprintf(t, "%s%s%s\n", strings.Repeat(" ", len(gutter)-2)+"| ", pad.String(), t.paint(bold, "^"))
}

func (t textWriter) line(pos source.Position) ([]rune, bool) {
	if pos.Line == 0 || t.opts.Source == nil {
		return nil, false
	}
	lines, ok := t.lines[pos.File]
	if !ok {
		lines = bytes.Split(t.opts.Source(pos.File), []byte{'\n'})
		t.lines[pos.File] = lines
	}
	if pos.Line > len(lines) {
		return nil, false
	}
	line := []rune(string(lines[pos.Line-1]))
	return line, strings.TrimSpace(string(line)) != ""
}

// printable replaces what would move a terminal's cursor or hide text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf)) {
			return '\ufffd'
		}
		return r
	}, s)
}
