package release

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// at is the position of a node.
func at(name string, n *yaml.Node) source.Position {
	return source.Position{File: name, Line: n.Line, Column: n.Column}
}

// Resolve returns the node that an alias stands for, and any other node itself.
func Resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Child returns the value under keys, one after the other; nil if it is absent
// or a value on the way is not a mapping.
func Child(n *yaml.Node, keys ...string) *yaml.Node {
next:
	for _, key := range keys {
		n = Resolve(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				n = n.Content[i+1]
				continue next
			}
		}
		return nil
	}
	return Resolve(n)
}

// Pairs returns the keys and values of a mapping, and none of another node.
func Pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n = Resolve(n); n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// items returns the items of a list, or nil for another node.
func items(n *yaml.Node) []*yaml.Node {
	if n = Resolve(n); n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// Text returns the value of a scalar and "" for anything else.
func Text(n *yaml.Node) string {
	if n = Resolve(n); n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

func kindName(n *yaml.Node) string {
	switch n = Resolve(n); n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		if n.Tag == "!!null" {
			return "nothing"
		}
		return fmt.Sprintf("%q (%s)", n.Value, strings.TrimPrefix(n.Tag, "!!"))
	}
}

// Locate returns the position of a byte offset in the value of a scalar node:
// in a literal block the exact line and column in the file, else the start of
// the scalar.
func Locate(name string, data []byte, n *yaml.Node, offset int) source.Position {
	pos := at(name, n)
	if n.Style&yaml.LiteralStyle == 0 || offset > len(n.Value) {
		return pos
	}
	head := n.Value[:offset]
	row := strings.Count(head, "\n")
	start := strings.LastIndexByte(head, '\n') + 1
	line, _, _ := strings.Cut(n.Value[start:], "\n")
	for range n.Line + row { // the block begins on the line below its "|"
		_, rest, ok := bytes.Cut(data, []byte{'\n'})
		if !ok {
			return pos
		}
		data = rest
	}
	written, _, _ := bytes.Cut(data, []byte{'\n'})
	indent := strings.Index(string(written), line)
	if indent < 0 {
		return pos
	}
	return source.Position{File: name, Line: n.Line + row + 1,
		Column: utf8.RuneCountInString(string(written[:indent])+head[start:]) + 1}
}
