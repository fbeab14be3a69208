package validate

import (
	"strings"
	"unicode"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func mappingFormat() Rule {
	return Rule{
		ID:    "mapping-format",
		Title: "white space that oc accepts and other readers misread",
		Why: "Shell scripts that read mapping files line by line never see a last line without a newline, and cut at single blanks. " +
			"Two spellings of one line make changes hard to read.",
		Fix:      "Run mirror-lint --fix: one blank between references, none at the end of a line, a newline at the end of the file.",
		Severity: source.Info,
		Bad: `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:app  quay.io/team/app:latest
`,
		Good: exampleMapping,
		Check: func(p *Pass) {
			for _, m := range p.tree.Mappings() {
				checkFormat(p, m)
			}
		},
	}
}

func checkFormat(p *Pass, m *release.MappingFile) {
	cause := Cause{ID: "white space", Summary: "{n} lines have white space that mirror-lint --fix tidies"}
	for i := range m.Lines {
		l := &m.Lines[i]
		pos := source.Position{File: m.Path, Line: l.Number}
		neat := tidy(l.Text)
		switch {
		case l.Kind == mapping.Invalid: // mapping-syntax reports it
		case neat != l.Text:
			f := p.Report(pos, "run mirror-lint --fix", "%s", untidiness(l.Text))
			f.Fix, f.Cause = replaceLine(m.Path, l, neat), cause
		case l.End == "" && l.Kind != mapping.Blank:
			f := p.Report(pos, "run mirror-lint --fix", "the last line has no newline at its end")
			f.Fix, f.Cause = replaceLine(m.Path, l, neat), cause
		}
	}
}

// replaceLine returns a fix that replaces the text of a line, and adds a
// missing line end.
func replaceLine(file string, l *mapping.Line, text string) *Fix {
	end := l.Offset + len(l.Text)
	if l.End == "" {
		text += "\n"
	}
	return &Fix{Edits: []Edit{{File: file, Start: l.Offset, End: end, New: text}}}
}

// tidy returns a line with single blanks between its words and none around
// them. A comment and a carriage return do not change.
func tidy(line string) string {
	body, cr := strings.CutSuffix(line, "\r")
	comment := ""
	if i := strings.IndexByte(body, '#'); i >= 0 {
		body, comment = body[:i], strings.TrimRightFunc(body[i:], unicode.IsSpace)
	}
	out := strings.Join(strings.Fields(body), " ")
	if comment != "" && out != "" {
		if last := body[len(body)-1]; last == ' ' || last == '\t' {
			out += " "
		}
	}
	out += comment
	if cr {
		out += "\r"
	}
	return out
}

func untidiness(line string) string {
	trimmed := strings.TrimRight(strings.TrimSuffix(line, "\r"), " \t")
	switch {
	case trimmed != strings.TrimSuffix(line, "\r"):
		return "white space at the end of the line"
	case strings.TrimLeft(line, " \t") != line:
		return "white space at the start of the line"
	default:
		return "more than one blank between two words"
	}
}

// syntaxFix returns the fix of a line that oc rejects only because of its white
// space, or nil if it has other mistakes.
func syntaxFix(m *release.MappingFile, line int) *Fix {
	if line < 1 || line > len(m.Lines) {
		return nil
	}
	l := &m.Lines[line-1]
	neat := tidy(l.Text)
	if neat == l.Text || len(mapping.Parse(m.Path, []byte(neat)).Problems) > 0 {
		return nil
	}
	return replaceLine(m.Path, l, neat)
}

// dropReference returns the fix that removes a destination from a line, or the
// line if it has no other.
func dropReference(m *release.MappingFile, ref mapping.Reference) *Fix {
	if ref.Pos.Line < 1 || ref.Pos.Line > len(m.Lines) {
		return nil
	}
	l := &m.Lines[ref.Pos.Line-1]
	if len(l.Entries) != 1 || strings.Contains(l.Text, "=") {
		return nil // no fix for SRC=DST pairs
	}
	fix := &Fix{}
	if len(l.Entries[0].Destinations) == 1 {
		if strings.Contains(l.Text, "#") {
			return nil // the comment would be removed too
		}
		fix.Edits = []Edit{{File: m.Path, Start: l.Offset, End: l.Offset + len(l.Text) + len(l.End)}}
		return fix
	}
	start := byteOffset(l.Text, ref.Pos.Column)
	end := start + len(ref.Text)
	for start > 0 && l.Text[start-1] == ' ' {
		start--
	}
	fix.Edits = []Edit{{File: m.Path, Start: l.Offset + start, End: l.Offset + end}}
	return fix
}

// byteOffset converts a column, in characters from 1, to a byte offset.
func byteOffset(line string, column int) int {
	n := 1
	for i := range line {
		if n == column {
			return i
		}
		n++
	}
	return len(line)
}
