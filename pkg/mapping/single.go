package mapping

import "github.com/mirror-tools/mirror-tools/pkg/source"

// ParseReference reads one reference outside a mapping file, such as in YAML,
// by the grammar of mapping files. pos is its position and that of its
// problems.
func ParseReference(text string, pos source.Position, isSource bool) (Reference, []source.Problem) {
	p := parser{file: &File{Name: pos.File}}
	line := Line{Number: pos.Line, Kind: Mapped, Text: text}
	var ref Reference
	p.reference(&line, word{text, 0}, isSource, &ref)
	for i := range p.file.Problems {
		p.file.Problems[i].Pos = pos
	}
	ref.Pos = pos
	return ref, p.file.Problems
}
