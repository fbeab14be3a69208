package release

import (
	"bytes"
	"cmp"
	"slices"
)

// KnownTags returns the tags of the CI registry that the tree names anywhere, in
// order: promoted, published or mirrored ones, and those that ci-operator configs
// build from. Of a stream that is named without tags it gives one with the tag
// "". It is complete only in a tree with a configuration of ci-images-mirror.
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
	all := make([]ImageTag, 0, len(used))
	for tag := range used {
		all = append(all, tag)
	}
	slices.SortFunc(all, func(a, b ImageTag) int { return cmp.Compare(a.String(), b.String()) })
	return all
}

// scanTags finds YAML mappings with the keys namespace and name, and perhaps
// tag, in the text of a config: its base images, build root and releases. It is
// called for every config, so it reads only lines that begin with one of the
// keys.
func scanTags(data []byte, visit func(ImageTag)) {
	var namespace, name, tag []byte
	indent := -1
	flush := func() {
		if namespace != nil && name != nil {
			visit(ImageTag{Stream{string(namespace), string(name)}, string(tag)})
		}
		namespace, name, tag = nil, nil, nil
	}
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		deep := 0
		for deep < len(line) && line[deep] == ' ' {
			deep++
		}
		text := line[deep:]
		item := len(text) > 1 && text[0] == '-' && text[1] == ' '
		if item {
			text, deep = text[2:], deep+2
		}
		if item || deep != indent {
			flush()
			indent = deep
		}
		if len(text) == 0 || text[0] != 'n' && text[0] != 't' {
			continue
		}
		key, value, _ := bytes.Cut(text, []byte(": "))
		switch value = bytes.Trim(value, " \r\"'"); string(key) {
		case "namespace":
			namespace = value
		case "name":
			name = value
		case "tag":
			tag = value
		}
	}
	flush()
}
