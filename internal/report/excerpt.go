package report

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// lines holds the lines that positions point to; it splits each file once.
type lines struct {
	text  func(file string) []byte // may be nil
	files map[string][][]byte
}

func newLines(text func(string) []byte) lines { return lines{text, map[string][][]byte{}} }

// at returns the line of a position; false if it does not exist or is blank.
func (l lines) at(pos source.Position) ([]rune, bool) {
	if pos.Line == 0 || l.text == nil {
		return nil, false
	}
	split, ok := l.files[pos.File]
	if !ok {
		split = bytes.Split(l.text(pos.File), []byte{'\n'})
		l.files[pos.File] = split
	}
	if pos.Line > len(split) {
		return nil, false
	}
	line := []rune(string(split[pos.Line-1]))
	return line, strings.TrimSpace(string(line)) != ""
}

// utf16Column returns the column of a position in UTF-16 code units, at least 1.
func (l lines) utf16Column(pos source.Position) int {
	line, _ := l.at(pos)
	column := max(pos.Column, 1)
	for _, c := range line[:min(column-1, len(line))] {
		column += utf16.RuneLen(c) - 1
	}
	return column
}

// cut shortens a line to width characters around a column, with "…" for what
// is left out at an end. It gives the column's new place; 0 stays 0.
func cut(line []rune, column, width int) ([]rune, int) {
	if len(line) <= width {
		return line, column
	}
	start := 0
	if column > width*3/4 {
		start = min(column-1-width/3, len(line)-width)
	}
	out := append([]rune{}, line[start:start+width]...)
	if start > 0 {
		out[0] = '…'
	}
	if start+width < len(line) {
		out[width-1] = '…'
	}
	return out, max(column-start, 0)
}

// word returns how many characters from a column on belong together: up to the
// next white space, without punctuation at the end.
func word(line []rune, column int) int {
	rest := line[column-1:]
	if end := slices.IndexFunc(rest, unicode.IsSpace); end >= 0 {
		rest = rest[:end]
	}
	return len([]rune(strings.TrimRight(string(rest), `;,"'`)))
}
