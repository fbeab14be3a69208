package report

import (
	"strings"
	"unicode"
)

// plainText is the message of a finding with its hint and its related places,
// for formats that show nothing but one text.
func plainText(f Finding) string {
	var b strings.Builder
	b.WriteString(f.Message)
	for _, r := range f.Related {
		b.WriteString("\n" + r.Pos.String() + ": " + r.Message)
	}
	if f.Hint != "" {
		b.WriteString("\nhint: " + f.Hint)
	}
	return b.String()
}

// Clean replaces invalid UTF-8 and what XML forbids, a terminal obeys or hides
// text; lines and tabs stay.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), unicode.In(r, unicode.Cf), r == '\ufffe', r == '\uffff':
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
