package release

import (
	"bytes"
	"maps"
	"slices"
)

// KnownTags returns the sorted tags of the CI registry that the tree names:
// promoted, published or mirrored ones, and those that ci-operator configs
// build from. A stream that is named without tags has one with the tag "". The
// list is complete only in a tree with a configuration of ci-images-mirror.
func (t *Tree) KnownTags() []ImageTag {
	used := map[ImageTag]bool{}
	promotions := t.Promotions()
	for tag := range promotions.used {
		used[tag] = true
	}
	for _, p := range promotions.All {
		used[p.ImageTag] = true
	}
	for _, p := range promotions.Publications {
		used[ImageTag{Stream: p.From}], used[ImageTag{Stream: p.To}] = true, true
	}
	for _, m := range t.Mappings() {
		for pair := range m.Pairs() {
			for _, ref := range []string{pair.Source.Text, pair.Destination.Text} {
				if tag, ok := (CISource{Image: ref}).ImageTag(); ok {
					used[tag] = true
				}
			}
		}
	}
	byName := make(map[string]ImageTag, len(used))
	for tag := range used {
		byName[tag.String()] = tag
	}
	all := make([]ImageTag, 0, len(used))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	return all
}

// scanTags finds mappings with the keys namespace and name, and perhaps tag, in
// the text of a config: its base images, build root and releases. For speed, it
// only reads lines that begin with one of the keys and skips mappings with a
// text that it has seen.
func scanTags(text []byte, seen map[string]bool, visit func(ImageTag)) {
	var namespace, name, tag []byte
	indent, first, last := -1, -1, 0 // offsets of the lines with the keys
	flush := func() {
		if namespace != nil && name != nil && !seen[string(text[first:last])] {
			seen[string(text[first:last])] = true
			visit(ImageTag{Stream{string(namespace), string(name)}, string(tag)})
		}
		namespace, name, tag, first = nil, nil, nil, -1
	}
	for at := 0; at < len(text); {
		line, _, _ := bytes.Cut(text[at:], []byte{'\n'})
		begin := at
		at += len(line) + 1
		deep := 0
		for deep < len(line) && line[deep] == ' ' {
			deep++
		}
		rest := line[deep:]
		item := len(rest) > 1 && rest[0] == '-' && rest[1] == ' '
		if item {
			rest, deep = rest[2:], deep+2
		}
		if item || deep != indent {
			flush()
			indent = deep
		}
		if len(rest) == 0 || rest[0] != 'n' && rest[0] != 't' {
			continue
		}
		key, value, _ := bytes.Cut(rest, []byte(": "))
		switch value = bytes.Trim(value, " \r\"'"); string(key) {
		case "namespace":
			namespace = value
		case "name":
			name = value
		case "tag":
			tag = value
		default:
			continue
		}
		if first < 0 {
			first = begin
		}
		last = begin + len(line)
	}
	flush()
}
