package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// TextOptions control how findings are written for people.
type TextOptions struct {
	Color bool
	// Source returns the text of a file, for the line under a finding, or nil
	// if it is not available.
	Source func(file string) []byte
	// Width is the width of the terminal in columns, or 0: messages are
	// wrapped, and longer lines of files are cut around the caret.
	Width int
	// Order is how findings are ordered; "" means ErrorsLast.
	Order Order
	// Single writes each finding by itself, not those of one cause together.
	Single bool
	// Full writes every finding with its line and its hint, however many there are.
	Full bool
	// Quiet writes the findings and nothing else.
	Quiet bool
	// New is set if findings that were known before are left out.
	New bool
	// Page is the HTML report with the same findings, or "".
	Page string
	// Owners returns the people to ask about a place; nil leaves them out.
	Owners func(source.Position) []string
}

// The colours of a terminal, by severity and part.
const (
	reset = "\x1b[0m"
	bold  = "\x1b[1m"
	cyan  = "\x1b[36m"
)

var severityColors = [...]string{source.Error: "\x1b[31m", source.Warning: "\x1b[33m", source.Info: "\x1b[34m"}

// brief is the number of causes above which a report is brief, so that it can
// be read in a minute: errors without lines of files, warnings without hints,
// infos only counted.
const brief = 12

// Text writes each cause as a message with its places below it and a blank line
// between them, and ends with counts.
func Text(w io.Writer, r *validate.Result, opts TextOptions) error {
	b := bufio.NewWriter(w)
	all := groups(r.Findings, opts.Order, !opts.Single)
	t := textWriter{Writer: b, opts: opts, lines: newLines(opts.Source), brief: !opts.Full && !opts.Single && len(all) > brief}
	if opts.Owners != nil {
		all = t.byOwners(all)
	}
	t.groups(all)
	if !opts.Quiet {
		t.footer(r, len(all))
	}
	return b.Flush()
}

type textWriter struct {
	*bufio.Writer
	opts  TextOptions
	lines lines
	brief bool
}

func (t textWriter) paint(color, s string) string {
	if !t.opts.Color {
		return s
	}
	return color + s + reset
}

// groups writes causes below the names of the people to ask, where those are
// wanted.
func (t textWriter) groups(all []validate.Group) {
	short := map[string][]validate.Group{} // by rule: what a brief report puts together
	for _, g := range all {
		if t.brief && t.opts.Owners == nil && g.First().Severity == source.Warning {
			short[g.First().Rule] = append(short[g.First().Rule], g)
		}
	}
	asked := ""
	for _, g := range all {
		first := g.First()
		if t.brief && first.Severity == source.Info {
			continue
		}
		if t.opts.Owners != nil && t.owners(g) != asked {
			asked = t.owners(g)
			fmt.Fprintf(t, "%s\n\n", t.paint(bold, "== "+asked))
		}
		same := short[first.Rule]
		switch {
		case first.Severity != source.Warning || len(same) < digest:
			t.group(g)
		case same[0].ID == g.ID:
			t.digest(same)
		}
	}
}

// digest is the number of causes of one rule from which on a brief report only
// names the rule and where its largest causes begin.
const digest = 3

// digest writes all causes of one rule as one.
func (t textWriter) digest(all []validate.Group) {
	places := 0
	for _, g := range all {
		places += len(g.Findings) + len(g.Consequences)
	}
	first := all[0].First()
	title := first.Message
	if rule, ok := validate.Lookup(first.Rule); ok {
		title = rule.Title
	}
	t.heading(first, fmt.Sprintf("%s: %s, with %s", title, text.Plural(places, "place"), text.Plural(len(all), "cause")))
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b validate.Group) int { return len(b.Findings) - len(a.Findings) })
	shown := map[source.Position]bool{} // two causes may begin in one place
	for _, g := range all {
		at := g.First().Pos
		if len(shown) == maxPlaces || shown[at] {
			continue
		}
		shown[at] = true
		more := ""
		if n := len(g.Findings) - 1; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		t.place(at, more)
	}
	if n := len(all) - len(shown); n > 0 {
		fmt.Fprintf(t, "      and %s: --select %s\n", text.Plural(n, "more cause"), first.Rule)
	}
	fmt.Fprintln(t)
}

// group writes a cause: its message, its places, what to do, a blank line.
func (t textWriter) group(g validate.Group) {
	first := g.First()
	t.heading(first, g.Message())
	whole := !t.brief || first.Severity == source.Error
	most := maxPlaces
	if !whole {
		most = 1
	}
	for i, f := range g.Findings {
		if i == most && (!whole || len(g.Findings) > most+1) {
			fmt.Fprintf(t, "      and %s\n", text.Plural(len(g.Findings)-i, "more place"))
			break
		}
		t.place(f.Pos, "")
		if i == 0 && !t.brief {
			t.snippet(f.Pos)
		}
	}
	if !t.brief {
		if len(g.Findings) == 1 {
			t.related(first.Related)
		}
		t.related(consequences(g))
	}
	if hint := g.Hint(); hint != "" && whole {
		t.wrapped("  hint: ", "  hint: ", text.Line(hint), "")
	}
	fmt.Fprintln(t)
}

// place writes a position. One that is wider than the terminal is broken behind
// a folder, and never cut.
func (t textWriter) place(pos source.Position, more string) {
	const indent = 6
	s := text.Line(pos.String())
	if room := t.opts.Width - indent; t.opts.Width > 0 && len(s)+len(more) > room {
		if cut := strings.LastIndexByte(s[:min(max(room, 0), len(s))], '/') + 1; cut > 0 {
			fmt.Fprintf(t, "  --> %s\n%*s%s%s\n", t.paint(bold, s[:cut]), indent, "", t.paint(bold, s[cut:]), more)
			return
		}
	}
	fmt.Fprintf(t, "  --> %s%s\n", t.paint(bold, s), more)
}

// heading writes a message with the severity and the rule of a finding.
func (t textWriter) heading(f validate.Finding, message string) {
	name := f.Severity.String()
	t.wrapped(name+": ", t.paint(severityColors[f.Severity], name)+": ", text.Line(message), "["+f.Rule+"]")
}

// wrapped writes text in lines of the terminal's width. The head is what the
// first line begins with, shown is the same in colour; the tail is the rule.
func (t textWriter) wrapped(head, shown, s, tail string) {
	if tail != "" {
		s += " " + tail
	}
	const indent = "    "
	lines := text.Wrap(s, t.opts.Width-len(head), t.opts.Width-len(indent))
	last := len(lines) - 1
	if tail != "" {
		lines[last] = strings.TrimSuffix(lines[last], tail) + t.paint(cyan, tail)
	}
	for i, line := range lines {
		if i > 0 {
			shown = indent
		}
		fmt.Fprintf(t, "%s%s\n", shown, line)
	}
}

// consequences returns what follows from a cause as related places.
func consequences(g validate.Group) []validate.Related {
	var all []validate.Related
	for _, f := range g.Consequences {
		all = append(all, validate.Related{Pos: f.Pos, Message: "so " + f.Message})
	}
	return all
}

// related writes the places that belong to a finding.
func (t textWriter) related(all []validate.Related) {
	for i, r := range all {
		if i == maxRelated && len(all) > maxRelated+1 {
			fmt.Fprintf(t, "      and %s\n", text.Plural(len(all)-i, "more place"))
			break
		}
		t.wrapped("  see ", "  see ", text.Line(r.Pos.String())+": "+text.Line(r.Message), "")
	}
}

// maxPlaces is how many places of one cause a person is shown.
const maxPlaces = 3

// maxRelated is how many related places a person is shown; other formats have
// them all.
const maxRelated = 5

// snippet shows the line with a caret under the column. Tabs are kept in the
// line of the caret, so that it is aligned for tabs of any width.
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
