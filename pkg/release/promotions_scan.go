package release

import (
	"bytes"
	"slices"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scanConfig reads a config much faster than decodeConfig: it cuts out the
// top-level keys that promotion depends on and parses only those as YAML. It
// returns false if the top-level keys are not plain or a part cannot be parsed
// alone; then decodeConfig has to read the file. If it returns true, both
// agree, unless a quoted text continues in the first column and looks like one
// of the keys there, which no tool writes.
func (c *sectionCache) scanConfig(data []byte) (config, bool) {
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
	promotion, ok := c.get(keyPromotion, sections[keyPromotion])
	if !ok {
		return config{}, false
	}
	images, ok := c.get(keyImages, sections[keyImages])
	if !ok {
		return config{}, false
	}
	binaries, ok := sections[keyBinaries]
	if ok && (len(binaries.behind) == 0 || slices.Contains([]string{"~", "null", "Null", "NULL", `""`, "''"}, string(binaries.behind)) || bytes.ContainsAny(binaries.behind[:1], "#&*!|>")) {
		return config{}, false
	}
	if promotion.none {
		return config{}, true
	}
	return config{images: images.images, targets: promotion.targets, cached: ok && !promotion.noCache}, true
}

// parsed is the content of a section.
type parsed struct {
	images  []image
	targets []target
	noCache bool
	none    bool // not a mapping, so nothing is promoted
}

// below returns the content for a file in which the section begins below a
// line.
func (p parsed) below(line int) parsed {
	shifted := func(all []image) []image {
		all = slices.Clone(all)
		for i := range all {
			all[i].line += line
		}
		return all
	}
	p.images, p.targets = shifted(p.images), slices.Clone(p.targets)
	for i := range p.targets {
		p.targets[i].additional = shifted(p.targets[i].additional)
	}
	return p
}

// sectionCache holds parsed sections by their text: the configs of a
// repository's branches share most of them. The zero value is ready for use, by
// several goroutines.
type sectionCache struct {
	mu    sync.Mutex
	known map[string]map[string]parsed // by key and text
	size  int                          // of the texts, in bytes
}

// maxCached limits the total size of the cached texts.
const maxCached = 4 << 20

// get parses the section of a key, if there is one. It fails if the section
// cannot be parsed alone, for example because its anchor is elsewhere, or if it
// has a mistake that decodeConfig would report.
func (c *sectionCache) get(key string, s section) (parsed, bool) {
	if s.line == 0 {
		return parsed{}, true
	}
	if len(s.behind) > 0 { // a flow value may continue in the first column
		return parsed{}, false
	}
	c.mu.Lock()
	p, ok := c.known[key][string(s.below)] // without a copy of the text
	c.mu.Unlock()
	if ok {
		return p.below(s.line), true
	}
	doc := parseYAML("", s.below)
	if len(doc.problems) > 0 || doc.root == nil || doc.merged {
		return parsed{}, false
	}
	if key == keyImages {
		p.images = newImages(doc.root)
	} else if p.none = doc.root.Kind != yaml.MappingNode; !p.none {
		p.targets, p.noCache = newTargets(doc.root)
	}
	c.keep(key, string(s.below), p)
	return p.below(s.line), true
}

func (c *sectionCache) keep(key, text string, p parsed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]map[string]parsed{keyImages: {}, keyPromotion: {}}
	}
	if c.size += len(text); c.size <= maxCached {
		c.known[key][text] = p
	}
}

// section is one top-level key of a file with its value.
type section struct {
	line   int    // of the key
	behind []byte // rest of the line of the key
	below  []byte // the lines below it
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
			if !keys || end > i+1 && data[i+1] != ' ' { // not a mapping, or several documents
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

// cutKey splits a line of the form "key: value" or "key:" with a plain key, and
// trims the value.
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

// plainByte reports whether a byte is allowed anywhere in a plain scalar.
func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/'
}
