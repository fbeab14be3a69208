package release

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scanConfig reads a config in a fraction of the time that parsing all of it
// takes: it cuts out the keys at the top that promotion depends on, and gives only
// those to the YAML parser. Where the keys at the top are not written plainly, or
// a part does not stand for itself, it gives false, and decodeConfig has to read
// the file. Where it gives true, the two agree, but for a quoted text that goes on
// in the first column and looks like one of the keys there, which no tool writes.
func scanConfig(data []byte) (config, bool) {
	if !utf8.Valid(data) || bytes.IndexByte(data, '\t') >= 0 || bytes.IndexByte(data, '\r') >= 0 || bytes.IndexByte(data, 0) >= 0 {
		return config{}, false
	}
	sections, ok := topSections(data)
	if !ok {
		return config{}, false
	}
	if _, promotes := sections[keyPromotion]; !promotes {
		return config{}, true
	}
	promotion, ok := sections[keyPromotion].value()
	if !ok {
		return config{}, false
	}
	images, ok := sections[keyImages].value()
	if !ok {
		return config{}, false
	}
	binaries, ok := sections[keyBinaries]
	if ok && (len(binaries.behind) == 0 || isAny(binaries.behind, "~", "null", "Null", "NULL", `""`, "''") || bytes.ContainsAny(binaries.behind[:1], "#&*!|>")) {
		return config{}, false
	}
	return newConfig(promotion, images, ok), true
}

// section is one key at the top of a file with all that belongs to it.
type section struct {
	line   int    // of the key
	behind []byte // what stands behind the key
	below  []byte // the lines below it
}

// value parses what belongs to the key; nil when there is no such section. It
// fails where the part does not parse by itself, such as for an anchor that is
// elsewhere, or has a mistake that parsing the whole file would tell.
func (s section) value() (*yaml.Node, bool) {
	if s.line == 0 {
		return nil, true
	}
	if len(s.behind) > 0 { // a flow value may go on in the first column
		return nil, false
	}
	doc := parseYAML("", s.below)
	if len(doc.problems) > 0 || doc.root == nil || doc.merged {
		return nil, false
	}
	shiftLines(doc.root, s.line)
	return doc.root, true
}

// shiftLines adds to the line of every node of a tree.
func shiftLines(n *yaml.Node, lines int) {
	n.Line += lines
	for _, c := range n.Content {
		shiftLines(c, lines)
	}
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
				sections[name] = section{line: line, behind: value}
				open, start = name, next
			}
		}
		i = next
	}
	closeSection(len(data))
	return sections, true
}

func isAny(value []byte, any ...string) bool {
	for _, s := range any {
		if string(value) == s {
			return true
		}
	}
	return false
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

// plainByte reports whether a byte may stand anywhere in a plain scalar.
func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/'
}
