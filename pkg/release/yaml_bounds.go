package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// maxValues is the maximum number of nodes of one YAML file, each of which
// takes some hundred bytes of memory.
const maxValues = 500_000

// countValues returns at least half of the maximum number of nodes in a YAML
// file: each node after the first needs a separator.
func countValues(data []byte) int {
	n := 0
	for i, c := range data {
		switch c {
		case '\n', ',', '[', '{', ':':
			n++
		case '-', '?':
			if i+1 == len(data) || data[i+1] == ' ' || data[i+1] == '\t' {
				n++
			}
		}
	}
	return n
}

// readNode reads the first document of a YAML file into nodes, within limits.
// An empty document is a node without content.
func readNode(data []byte) (*yaml.Node, error) {
	if n := countValues(data); n > maxValues {
		return nil, &boundsError{message: fmt.Sprintf("it holds more than %d values", maxValues), hint: "split the file"}
	}
	doc := new(yaml.Node)
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(doc); err != nil {
		return nil, err
	}
	return doc, checkAliases(doc)
}

// moreDocuments reports whether a file has a second document that is not empty
// or does not parse. In the latter case the node is empty.
func moreDocuments(data []byte) (*yaml.Node, bool) {
	second := new(yaml.Node)
	if !bytes.Contains(data, []byte("---")) && !bytes.Contains(data, []byte("...")) {
		return second, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	_ = dec.Decode(new(yaml.Node))
	err := dec.Decode(second)
	return second, err == nil && !isEmpty(second) || err != nil && !errors.Is(err, io.EOF)
}

// Limits for the nodes of a file after expanding aliases: a multiple of the
// nodes that it has.
const (
	aliasFactor = 10
	aliasBase   = 10_000
)

// boundsError is the error of a valid YAML file that exceeds a limit.
type boundsError struct {
	line          int // 0 for the whole file
	message, hint string
}

func (e *boundsError) Error() string { return e.message }

// checkAliases rejects nodes with aliases that multiply or refer to themselves.
// The library's decoder checks that only for whole documents.
func checkAliases(doc *yaml.Node) error {
	s := sizes{done: map[*yaml.Node]int{}, open: map[*yaml.Node]bool{}}
	whole, err := s.of(doc)
	if err != nil {
		return err
	}
	if most := aliasBase + aliasFactor*s.nodes; s.aliases > 0 && whole > most {
		return &boundsError{message: fmt.Sprintf("its aliases make more than %d values of %d", most, s.nodes), hint: "write the values out"}
	}
	return nil
}

// sizes counts nodes with and without expanding aliases.
type sizes struct {
	done           map[*yaml.Node]int  // what an anchor refers to
	open           map[*yaml.Node]bool // anchors that are being counted
	nodes, aliases int
}

// enough is above any limit and far from overflow.
const enough = 1 << 40

func (s *sizes) of(n *yaml.Node) (int, error) {
	if n.Kind == yaml.AliasNode {
		s.nodes++
		s.aliases++
		if s.open[n.Alias] {
			return 0, &boundsError{line: n.Line, message: "the alias " + n.Value + " refers to a value that contains it", hint: "write the value out"}
		}
		return s.done[n.Alias] + 1, nil // an anchor precedes its aliases
	}
	if n.Anchor != "" {
		s.open[n] = true
	}
	s.nodes++
	size := 1
	for _, c := range n.Content {
		more, err := s.of(c)
		if err != nil {
			return 0, err
		}
		size = min(size+more, enough)
	}
	if n.Anchor != "" {
		delete(s.open, n)
		s.done[n] = size
	}
	return size, nil
}
