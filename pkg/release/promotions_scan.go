package release

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scanConfig reads a config that is written as the tools of the repository
// write it, in a fiftieth of the time that a YAML parser takes: it looks for
// the keys at the top that promotion depends on, and reads plain block lists
// and mappings below them. For any other form it gives false, and decodeConfig
// has to read the file; where it gives true, the two agree.
func scanConfig(data []byte) (config, bool) {
	if !utf8.Valid(data) || bytes.IndexByte(data, '\t') >= 0 || bytes.IndexByte(data, '\r') >= 0 || bytes.IndexByte(data, 0) >= 0 {
		return config{}, false
	}
	sections, ok := topSections(data)
	if !ok {
		return config{}, false
	}
	var nodes [2]*yaml.Node
	for i, key := range []string{keyPromotion, keyImages} {
		section, ok := sections[key]
		if !ok {
			if key == keyPromotion {
				return config{}, true
			}
			continue
		}
		r := blockReader{rest: section.below, number: section.line, images: key == keyImages}
		r.advance()
		if len(section.value) > 0 || r.done || r.indent == 0 && !r.item() {
			return config{}, false
		}
		node := r.value(r.indent)
		if r.failed || !r.done {
			return config{}, false
		}
		nodes[i] = node
	}
	binaries, ok := sections[keyBinaries]
	if ok && (len(binaries.value) == 0 || isAny(binaries.value, "~", "null", "Null", "NULL", `""`, "''") || bytes.ContainsAny(binaries.value[:1], "#&*!|>")) {
		return config{}, false
	}
	return newConfig(nodes[0], nodes[1], ok), true
}

// section is one key at the top of a file with all that belongs to it.
type section struct {
	line  int    // of the key
	value []byte // what stands behind the key
	below []byte // the lines below it
}

// topSections cuts a file into the sections that scanConfig needs.
func topSections(data []byte) (map[string]section, bool) {
	sections := map[string]section{}
	var open string
	var start, line int
	keys := false
	closeSection := func(end int) {
		if s, ok := sections[open]; ok {
			s.below = data[start:end]
			sections[open] = s
		}
		open = ""
	}
	for i := 0; i < len(data); {
		line++
		end := bytes.IndexByte(data[i:], '\n')
		if end < 0 {
			end = len(data)
		} else {
			end += i
		}
		next := min(end+1, len(data))
		switch c := data[i]; {
		case c == ' ' || c == '\n' || c == '#':
		case c == '-':
			if !keys || end > i+1 && data[i+1] != ' ' { // no mapping, or several documents
				return nil, false
			}
		default:
			key, value, ok := cutKey(data[i:end])
			if !ok {
				return nil, false
			}
			closeSection(i)
			keys = true
			switch string(key) {
			case keyPromotion, keyImages, keyBinaries:
				name := string(key)
				if _, twice := sections[name]; twice {
					return nil, false
				}
				sections[name] = section{line: line, value: value}
				open, start = name, next
			}
		}
		i = next
	}
	closeSection(len(data))
	return sections, true
}

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

func isAny(value []byte, any ...string) bool {
	for _, s := range any {
		if string(value) == s {
			return true
		}
	}
	return false
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
	for _, c := range value {
		if !plainByte(c) {
			return r.fail()
		}
	}
	if len(value) == 0 || value[0] == '-' || strings.EqualFold(string(value), "null") {
		return r.fail()
	}
	n.Value = string(value)
	return n
}

// quoted says whether a value is quoted, complete and without escapes.
func quoted(value []byte) bool {
	if len(value) < 2 || value[0] != '"' && value[0] != '\'' || value[len(value)-1] != value[0] {
		return false
	}
	return !bytes.ContainsAny(value[1:len(value)-1], `"'\`)
}
