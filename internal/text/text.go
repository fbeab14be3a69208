// Package text makes text that comes from files, people and registries fit to
// be shown: on a terminal, in a report, in a sentence.
package text

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Clean replaces invalid UTF-8, control characters and format characters
// (bidirectional controls among them) by U+FFFD; newlines and tabs stay. What
// it returns is allowed in XML.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return visible(r)
	}, s)
}

// Line is Clean for text that has to stay on one line.
func Line(s string) string { return strings.Map(visible, s) }

func visible(r rune) rune {
	switch {
	case r == '\t':
		return r
	case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp), r == '\ufffe', r == '\uffff':
		return unicode.ReplacementChar
	}
	return r
}

// Short is one line of at most limit bytes, for text that somebody else made up:
// what cannot be printed becomes a blank, and a cut is marked by "…".
func Short(s string, limit int) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= limit {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// Plural counts things: "1 error", "2 errors", "2 info".
func Plural(n int, word string) string {
	if n == 1 || word == "info" {
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// JSON writes a value as an indented document, with <, > and & as they are.
func JSON(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}
