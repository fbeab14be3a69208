package release

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// cutKey takes a line of the form "key: value" or "key:" apart, where the key
// is plain; the value is without blanks around it.
func cutKey(line []byte) (key, value []byte, ok bool) {
	n := 0
	for n < len(line) && plainByte(line[n]) {
		n++
	}
	if n == 0 || n == len(line) || line[n] != ':' || line[0] == '-' {
		return nil, nil, false
	}
	rest := line[n+1:]
	if len(rest) > 0 && rest[0] != ' ' {
		return nil, nil, false
	}
	return line[:n], bytes.Trim(rest, " "), true
}

// plainByte says whether a byte may stand anywhere in a plain scalar.
func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/'
}

// blockReader reads plain block lists and mappings line by line. What it does
// not know makes it fail.
type blockReader struct {
	rest   []byte // the lines not yet looked at
	line   []byte // the line at hand from its first byte that is no blank
	indent int    // blanks before it
	number int    // its number in the file
	images bool   // of mappings, only the keys of images are wanted
	done   bool
	failed bool
}

// readBlock reads a whole document that is a plain mapping; nil when it is
// anything else.
func readBlock(doc []byte) *yaml.Node {
	if !utf8.Valid(doc) || bytes.ContainsAny(doc, "\t\r\x00") {
		return nil
	}
	r := blockReader{rest: doc}
	r.advance()
	if r.done || r.item() || r.line[0] == '-' {
		return nil
	}
	root := r.mapping(r.indent)
	if r.failed || !r.done {
		return nil
	}
	return root
}

// advance goes to the next line that is neither empty nor a comment.
func (r *blockReader) advance() {
	for len(r.rest) > 0 {
		line, rest, _ := bytes.Cut(r.rest, []byte{'\n'})
		r.rest = rest
		r.number++
		text := bytes.TrimLeft(line, " ")
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		r.line, r.indent = text, len(line)-len(text)
		return
	}
	r.line, r.indent, r.done = nil, -1, true
}

// item says whether the line at hand is an item of a list.
func (r *blockReader) item() bool { return len(r.line) > 1 && r.line[0] == '-' && r.line[1] == ' ' }

func (r *blockReader) fail() *yaml.Node {
	r.failed, r.done, r.rest, r.line, r.indent = true, true, nil, nil, -1
	return nil
}

// value reads the list or mapping that begins at the line at hand.
func (r *blockReader) value(indent int) *yaml.Node {
	if r.item() {
		return r.list(indent)
	}
	return r.mapping(indent)
}

func (r *blockReader) list(indent int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: r.number, Column: indent + 1}
	for r.indent == indent && r.item() {
		text := bytes.TrimLeft(r.line[1:], " ")
		deeper := indent + len(r.line) - len(text)
		r.line, r.indent = text, deeper
		if _, _, ok := cutKey(text); ok {
			n.Content = append(n.Content, r.mapping(deeper))
			continue
		}
		n.Content = append(n.Content, r.scalar(text, deeper))
		r.advance()
	}
	if r.indent > indent {
		return r.fail()
	}
	return n
}

func (r *blockReader) mapping(indent int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: r.number, Column: indent + 1}
	for r.indent == indent && !r.item() {
		key, value, ok := cutKey(r.line)
		if !ok {
			return r.fail()
		}
		if r.images && !isAny(key, "to", "optional", "items") {
			r.skip(indent)
			continue
		}
		k := r.scalar(key, indent)
		if r.failed {
			return nil
		}
		if len(value) > 0 {
			// The value ends where the line does, but for blanks.
			column := indent + len(bytes.TrimRight(r.line, " ")) - len(value)
			n.Content = append(n.Content, k, r.scalar(value, column))
			r.advance()
			if r.indent > indent { // a scalar of several lines
				return r.fail()
			}
			continue
		}
		r.advance()
		if r.indent > indent || r.indent == indent && r.item() {
			n.Content = append(n.Content, k, r.value(r.indent))
		} else {
			n.Content = append(n.Content, k, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"})
		}
	}
	if r.indent > indent {
		return r.fail()
	}
	return n
}

// skip goes past a key and whatever is its value.
func (r *blockReader) skip(indent int) {
	_, value, _ := cutKey(r.line)
	if len(value) > 0 && (value[0] == '"' || value[0] == '\'') && !quoted(value) { // may go on anywhere
		r.fail()
		return
	}
	for {
		_, rest, _ := bytes.Cut(r.rest, []byte{'\n'})
		line := r.rest[:len(r.rest)-len(rest)]
		text := bytes.TrimLeft(bytes.TrimRight(line, "\n"), " ")
		deep := len(bytes.TrimRight(line, "\n")) - len(text)
		item := len(text) > 1 && text[0] == '-' && text[1] == ' '
		if len(r.rest) == 0 || len(text) > 0 && deep <= indent && !(deep == indent && item && len(value) == 0) {
			break
		}
		r.rest = rest
		r.number++
	}
	r.advance()
}

// scalar reads a plain or a simply quoted scalar that stands on one line.
func (r *blockReader) scalar(value []byte, column int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Line: r.number, Column: column + 1}
	value = bytes.TrimRight(value, " ")
	if quoted(value) {
		n.Value = string(value[1 : len(value)-1])
		return n
	}
	if !plainScalar(value) || strings.EqualFold(string(value), "null") {
		return r.fail()
	}
	n.Value = string(value)
	return n
}

// plainScalar says whether a value is a plain scalar beyond doubt.
func plainScalar(value []byte) bool {
	for i, c := range value {
		switch {
		case plainByte(c):
		case i == 0 || c < ' ' || c > '~':
			return false
		case c == ':' && (i+1 == len(value) || value[i+1] == ' '), c == '#' && value[i-1] == ' ':
			return false
		}
	}
	return len(value) > 0 && value[0] != '-'
}

// quoted says whether a value is quoted, complete and without escapes.
func quoted(value []byte) bool {
	if len(value) < 2 || value[0] != '"' && value[0] != '\'' || value[len(value)-1] != value[0] {
		return false
	}
	return !bytes.ContainsAny(value[1:len(value)-1], `"'\`)
}
