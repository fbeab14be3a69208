// Package source defines positions in files and problems at them. All other
// packages use these types, so that a position made by the mapping parser, the
// YAML reader or a rule prints the same way everywhere.
//
// The package promises to hold plain values only: no I/O, no formats.
package source

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// Position is a place in a file. Line and Column count from 1; 0 means that
// none applies (the whole file, the whole line). Column counts Unicode code
// points, not bytes.
type Position struct {
	File   string // relative to the root of the tree, with slashes
	Line   int
	Column int
}

// String returns file:line:column without the parts that are 0.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Compare orders positions by file, line and column.
func (p Position) Compare(q Position) int {
	return cmp.Or(strings.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Severity is how bad a problem is. The zero value is Error, so that a problem
// without a severity is not overlooked.
type Severity int

// The severities, worst first.
const (
	Error Severity = iota
	Warning
	Info
)

var severityNames = [...]string{"error", "warning", "info"}

// String returns "error", "warning" or "info".
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return fmt.Sprintf("Severity(%d)", int(s))
	}
	return severityNames[s]
}

// ParseSeverity reads what String writes.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if n == name {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("unknown severity %q: use error, warning or info", name)
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSeverity(string(text))
	return err
}

// Problem is something wrong at one place: what, where, and what to do.
type Problem struct {
	Pos      Position
	Severity Severity
	Message  string // what is wrong, without the position
	Hint     string // what to do about it; may be empty
	// First is the position of the first of two things that contradict each
	// other. It is not part of the message, so that the message stays the same
	// when lines move.
	First Position
}

// Error makes a Problem usable as an error: position, message.
func (p Problem) Error() string {
	message := p.Pos.String() + ": " + p.Message
	if p.First.Line > 0 {
		message += fmt.Sprintf(" (first on line %d)", p.First.Line)
	}
	return text.Line(message)
}
