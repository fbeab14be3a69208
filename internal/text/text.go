// Package text makes text that comes from files, people and registries fit to
// be shown: on a terminal, in a report, in a sentence.
package text

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
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

// Line is Clean for text that has to stay on one line. It also breaks what a
// runner of GitHub Actions takes for a command: "::" at the beginning of a line and
// "##[" anywhere.
func Line(s string) string {
	s = strings.ReplaceAll(strings.Map(visible, s), "##[", "##\ufffd[")
	if rest := strings.TrimLeft(s, " \t"); strings.HasPrefix(rest, "::") {
		s = s[:len(s)-len(rest)] + "\ufffd" + rest[1:]
	}
	return s
}

// Block is Line for text of several lines. A carriage return at the end of a line
// stays.
func Block(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		line, end := strings.CutSuffix(line, "\n")
		line, carriage := strings.CutSuffix(line, "\r")
		b.WriteString(Line(line))
		if carriage {
			b.WriteByte('\r')
		}
		if end {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Fprintf is [fmt.Fprintf] with arguments that somebody else may have made up:
// strings, errors and Stringers are printed as Line has them.
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	safe := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case string:
			safe[i] = Line(a)
		case error:
			safe[i] = Line(a.Error())
		case fmt.Stringer:
			safe[i] = Line(a.String())
		default:
			if safe[i] = a; reflect.ValueOf(a).Kind() == reflect.String {
				safe[i] = Line(reflect.ValueOf(a).String())
			}
		}
	}
	return fmt.Fprintf(w, format, safe...)
}

// PatchName returns the name of a file for a patch, quoted as git does if it
// has characters that a patch cannot show.
func PatchName(name string) string {
	if Line(name) == name && !strings.ContainsAny(name, "\t\"\\") {
		return name
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(name) {
		switch {
		case c == '"', c == '\\':
			b.Write([]byte{'\\', c})
		case c < ' ', c >= 0x7f, c == '#':
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func visible(r rune) rune {
	switch {
	case r == '\t', ' ' <= r && r <= '~': // nearly all text
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
	if stem, ok := strings.CutSuffix(word, "y"); ok && strings.TrimRight(stem, "aeiou") == stem {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Thousands writes 3480 as 3,480.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// JSON writes a value as an indented document, with <, > and & as they are. What
// Line would replace is escaped.
func JSON(w io.Writer, value any) error {
	enc := json.NewEncoder(EscapingJSON{w})
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}

// EscapingJSON is a writer for whole JSON documents. It escapes in their strings
// what may act on a terminal, hide text or be taken for a command, and changes no
// value.
type EscapingJSON struct{ W io.Writer }

// Write implements [io.Writer].
func (e EscapingJSON) Write(p []byte) (int, error) {
	harmless := func(r rune) bool { return r == '\n' || r == utf8.RuneError || visible(r) == r }
	if bytes.IndexFunc(p, func(r rune) bool { return !harmless(r) }) < 0 && !bytes.Contains(p, []byte("##[")) {
		return e.W.Write(p)
	}
	var b bytes.Buffer
	for _, r := range string(bytes.ReplaceAll(p, []byte("##["), []byte(`#\u0023[`))) {
		switch {
		case harmless(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if _, err := e.W.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Natural compares two strings as people order names: runs of digits by their
// number, so that "v1_2" comes before "v1_10". Strings that differ only in
// leading zeros are ordered byte by byte.
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		n, m := digits(x), digits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		i, j := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(i), len(j)), strings.Compare(i, j)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// digits counts the digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// Wrap breaks s at blanks into lines of at most width characters; the first one
// has room for first characters. A word that is longer than a line stays whole.
// A width of 0 or less means one line.
func Wrap(s string, first, width int) []string {
	if width <= 0 {
		return []string{s}
	}
	var lines []string
	line, room := "", first
	for _, word := range strings.Split(s, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+n <= room:
			line += " " + word
		default:
			lines, line, room = append(lines, line), word, width
		}
	}
	return append(lines, line)
}
