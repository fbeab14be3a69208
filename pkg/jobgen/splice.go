package jobgen

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// placed is one periodic of the new file.
type placed struct {
	value     object
	old       int // index in the old file, whose text is kept if the value is the same; -1 for a new job
	generated bool
}

// sections is the text of a jobs file, split at its periodics.
type sections struct {
	head   []byte   // up to the first periodic
	gaps   [][]byte // comments and blank lines above each periodic
	bodies [][]byte
	tail   []byte // after the last periodic
	indent string // of the list
}

// emptyList finds the key of a list without periodics.
var emptyList = regexp.MustCompile(`(?m)^(periodics:)[ \t]*(?:\[[ \t]*\]|null|~)?([ \t]*(?:#.*)?)$`)

// cut finds the periodics in the text of the file. It returns nil if they are not
// on lines of their own, as in a list in brackets.
func (f *jobsFile) cut() *sections {
	var doc yaml.Node
	if yaml.Unmarshal(f.text, &doc) != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	list, next := periodicsOf(doc.Content[0])
	lines := bytes.SplitAfter(f.text, []byte("\n"))
	switch {
	case list == nil:
		return &sections{head: withNewline(f.text, "periodics:\n")}
	case len(list.Content) == 0:
		at := emptyList.FindSubmatchIndex(f.text)
		if at == nil {
			return nil
		}
		head := append(bytes.Clone(f.text[:at[3]]), f.text[at[4]:at[5]]...)
		return &sections{head: withNewline(head, ""), tail: bytes.TrimPrefix(f.text[at[1]:], []byte("\n"))}
	case list.Style&yaml.FlowStyle != 0 || list.Kind != yaml.SequenceNode:
		return nil
	}
	s := &sections{indent: strings.Repeat(" ", list.Column-1)}
	starts := make([]int, len(list.Content)) // index of the line with the dash
	for i, item := range list.Content {
		at := item.Line - 1
		for at >= 0 && !bytes.HasPrefix(lines[at], []byte(s.indent+"-")) {
			at--
		}
		if at < 0 || i > 0 && at <= starts[i-1] {
			return nil
		}
		starts[i] = at
	}
	end := len(lines)
	if next > 0 {
		end = next - 1
	}
	end = aboveComments(lines, starts[len(starts)-1]+1, end, s.indent)
	top := 0
	for i, start := range starts {
		above := aboveComments(lines, top, start, s.indent)
		if i == 0 {
			above = start // a comment above the first job is about the file
			s.head = join(lines[:start])
		}
		s.gaps = append(s.gaps, join(lines[above:start]))
		top = start + 1
		stop := end
		if i+1 < len(starts) {
			stop = aboveComments(lines, top, starts[i+1], s.indent)
		}
		s.bodies = append(s.bodies, join(lines[start:stop]))
	}
	s.tail = join(lines[end:])
	return s
}

func join(lines [][]byte) []byte { return bytes.Join(lines, nil) }

// withNewline ends a non-empty text with a line feed and appends more.
func withNewline(text []byte, more string) []byte {
	out := bytes.Clone(text)
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, '\n')
	}
	return append(out, more...)
}

// periodicsOf returns the list of periodics, or nil without one, and the line
// of the next key, or 0 if it is the last.
func periodicsOf(root *yaml.Node) (list *yaml.Node, next int) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value != "periodics" {
			continue
		}
		if i+2 < len(root.Content) {
			next = root.Content[i+2].Line
		}
		return root.Content[i+1], next
	}
	return nil, 0
}

// aboveComments returns the first of the comment and blank lines directly before
// the line at end. A line that is indented deeper than the list belongs to the job
// above, for example to its script.
func aboveComments(lines [][]byte, from, end int, indent string) int {
	first := end
	for at := end - 1; at >= from; at-- {
		trimmed := bytes.TrimSpace(lines[at])
		deeper := len(lines[at])-len(bytes.TrimLeft(lines[at], " ")) > len(indent)
		if len(trimmed) > 0 && (trimmed[0] != '#' || deeper) {
			break
		}
		first = at
	}
	return first
}

// splice writes the periodics into the text of the old file. Unchanged jobs, and
// everything that is not a periodic, keep every byte. It returns nil if that is
// not possible.
func (f *jobsFile) splice(jobs []placed) ([]byte, error) {
	s := f.cut()
	if s == nil || len(s.bodies) > 0 && len(s.bodies) != len(f.jobs) {
		return nil, nil
	}
	out := bytes.Clone(s.head)
	for _, j := range jobs {
		if j.old >= 0 {
			out = append(withNewline(out, ""), s.gaps[j.old]...)
			if reflect.DeepEqual(j.value, f.jobs[j.old]) {
				out = append(out, s.bodies[j.old]...)
				continue
			}
		}
		text, err := toYAML([]any{j.value})
		if err != nil {
			return nil, err
		}
		out = append(withNewline(out, ""), s.print(text)...)
	}
	if len(jobs) == 0 {
		out = bytes.TrimSuffix(out, []byte("\n"))
		out = append(out, " []\n"...)
	}
	if len(s.tail) > 0 {
		out = append(withNewline(out, ""), s.tail...)
	}
	if !f.holds(out, jobs) {
		return nil, nil
	}
	return out, nil
}

// print formats a new job with the indentation and line ends of the list.
func (s *sections) print(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	var out []byte
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) > 0 {
			out = append(out, s.indent...)
		}
		out = append(out, line...)
	}
	if bytes.Contains(s.head, []byte("\r\n")) {
		out = bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n"))
	}
	return out
}

// holds reports whether a text has these periodics, and otherwise the contents of
// the old file.
func (f *jobsFile) holds(text []byte, jobs []placed) bool {
	got, err := parseJobs(text)
	if err != nil {
		return false
	}
	want := cloneObject(f.doc)
	want["periodics"] = periodics(jobs)
	value, err := plain(want)
	return err == nil && reflect.DeepEqual(any(got), value)
}

func periodics(jobs []placed) []any {
	out := []any{}
	for _, j := range jobs {
		out = append(out, j.value)
	}
	return out
}
