package release

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scanConfig reads a config that is written as the tools of the repository
// write it, in a fiftieth of the time that a YAML parser takes: it looks for
// the keys at the top that promotion depends on, and reads plain block lists
// and mappings below them. For any other form it gives false, and decodeConfig
// has to read the file. Where it gives true, the two agree, but for a quoted
// text that goes on in the first column and looks like one of the keys there,
// which no tool writes.
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

func isAny(value []byte, any ...string) bool {
	for _, s := range any {
		if string(value) == s {
			return true
		}
	}
	return false
}
