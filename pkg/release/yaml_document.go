package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// document is a YAML file as Prow reads it: its first document, with merge keys
// applied.
type document struct {
	root     *yaml.Node       // nil if it is empty or does not parse
	problems []source.Problem // in order
	broken   bool             // it does not parse
	merged   bool             // merge keys were applied, so that a node may be in several places
}

// parseYAML reads a YAML file. A second document, which no program reads, is a
// problem, and so is a duplicate key, of which the last one counts.
func parseYAML(name string, data []byte) document {
	var d document
	if i := bytes.IndexByte(data, 0); i >= 0 {
		d.fail(source.Problem{
			Pos:     source.Position{File: name, Line: bytes.Count(data[:i], []byte{'\n'}) + 1},
			Message: "the file is not text: it holds a NUL byte", Hint: "save the file as plain UTF-8 text",
		})
		return d
	}
	first, err := readNode(data)
	var beyond *boundsError
	switch {
	case errors.Is(err, io.EOF):
		return d
	case errors.As(err, &beyond):
		d.fail(source.Problem{Pos: source.Position{File: name, Line: beyond.line}, Message: "the file is not read: " + beyond.Error(), Hint: beyond.hint})
		return d
	case err != nil:
		d.fail(syntaxProblem(name, data, err))
		return d
	}
	if second, more := moreDocuments(data); more {
		d.problems = append(d.problems, secondDocument(name, data, second))
	}
	if isEmpty(first) {
		return d
	}
	d.root = first.Content[0]
	m := merger{name: name, done: map[*yaml.Node]bool{}, left: maxMerged}
	m.merge(d.root)
	d.problems, d.merged = append(m.problems, d.problems...), m.left < maxMerged
	return d
}

func (d *document) fail(p source.Problem) { d.problems, d.broken = []source.Problem{p}, true }

// reason explains why a file could not be read.
func (d *document) reason() string { return d.problems[0].Error() }

func isEmpty(doc *yaml.Node) bool {
	return doc.Kind == 0 || len(doc.Content) == 0 || doc.Content[0].Tag == "!!null"
}

// secondDocument returns the position of a second document or of a syntax error
// after the first document.
func secondDocument(name string, data []byte, second *yaml.Node) source.Problem {
	pos := source.Position{File: name}
	if second.Kind != 0 {
		pos.Line, pos.Column = second.Line, second.Column
	}
	for i, line := range bytes.Split(data, []byte{'\n'}) {
		if n := i + 1; bytes.HasPrefix(line, []byte("---")) && n > 1 && (pos.Line == 0 || n <= pos.Line) {
			pos.Line, pos.Column = n, 1
			if second.Kind == 0 {
				break
			}
		}
	}
	return source.Problem{Pos: pos, Message: "a second YAML document begins here: only the first one of the file is read",
		Hint: "move what it holds up into the first one, or delete it"}
}

// maxMerged is the maximum number of keys that merging may add to a file.
const maxMerged = 1 << 20

// merger applies merge keys ("<<: *anchor") below a node in place, as Prow's
// reader does: in order, and the last value of a key counts. It reports
// duplicate keys.
type merger struct {
	name     string
	done     map[*yaml.Node]bool
	left     int
	problems []source.Problem
}

func (m *merger) merge(n *yaml.Node) {
	if n == nil || m.done[n] {
		return
	}
	m.done[n] = true
	if n.Kind == yaml.AliasNode {
		m.merge(n.Alias)
		return
	}
	for _, c := range n.Content {
		m.merge(c)
	}
	if n.Kind == yaml.MappingNode {
		m.mapping(n)
	}
}

// mapping reports duplicate keys of a mapping and keeps the last one, as the
// readers of these files do. Then it applies merge keys.
func (m *merger) mapping(n *yaml.Node) {
	merging := false
	seen := map[string]int{}
	var earlier []int
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			merging = true
			continue
		}
		if key.Kind != yaml.ScalarNode {
			continue
		}
		if first, twice := seen[key.Value]; twice {
			m.problems = append(m.problems, source.Problem{Pos: at(m.name, key), First: at(m.name, n.Content[first]),
				Message: fmt.Sprintf("the key %s is given twice: the last one counts", key.Value), Hint: "remove one of them"})
			earlier = append(earlier, first)
		}
		seen[key.Value] = i
	}
	for _, i := range earlier {
		n.Content[i], n.Content[i+1] = nil, nil
	}
	n.Content = slices.DeleteFunc(n.Content, func(c *yaml.Node) bool { return c == nil })
	if merging {
		m.flatten(n)
	}
}

// flatten replaces the merge keys of a mapping by the keys of the merged
// mappings.
func (m *merger) flatten(n *yaml.Node) {
	var out []*yaml.Node
	place := map[string]int{}
	set := func(key, value *yaml.Node) {
		if i, ok := place[key.Value]; ok {
			out[i], out[i+1] = key, value
			return
		}
		place[key.Value] = len(out)
		out = append(out, key, value)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag != "!!merge" {
			set(key, value)
			continue
		}
		from := []*yaml.Node{value}
		if list := Resolve(value); list.Kind == yaml.SequenceNode { // earlier ones take precedence
			from = list.Content
		}
		for j := len(from) - 1; j >= 0; j-- {
			part := Resolve(from[j])
			if part.Kind != yaml.MappingNode {
				m.problems = append(m.problems, source.Problem{Pos: at(m.name, from[j]), Message: "only a mapping can be merged with <<", Hint: "correct the YAML"})
				continue
			}
			if m.left -= len(part.Content); m.left < 0 {
				m.problems = append(m.problems, source.Problem{Pos: at(m.name, key), Message: "too much is merged with <<", Hint: "write it out"})
				return
			}
			for k := 0; k+1 < len(part.Content); k += 2 {
				if part.Content[k].Tag != "!!merge" { // of a mapping that is merged into itself
					set(part.Content[k], part.Content[k+1])
				}
			}
		}
	}
	n.Content = out
}
