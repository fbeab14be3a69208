package effects

import "github.com/mirror-tools/mirror-tools/pkg/mapping"

// Mapping gives the copies that registries can be asked about: those of
// destinations that are new, take another image, or are mirrored for the first
// time. Positions are those of the second tree. What is no image of a registry is
// left out.
func (e *Effect) Mapping() *mapping.File {
	f := &mapping.File{Name: "the change"}
	for _, d := range e.Destinations {
		if d.Change != New && d.Change != Source && d.Change != Started {
			continue
		}
		to := d.ref
		if to.Tag == "" { // pushed by the digest that its source gives it
			to.Digest = ""
		}
		for _, w := range d.After {
			if to.Scheme != "" || w.source.Scheme != "" || w.source.Canonical() == to.Canonical() {
				continue
			}
			entry := mapping.Entry{Source: w.source, Destinations: []mapping.Reference{to}}
			f.Lines = append(f.Lines, mapping.Line{Number: len(f.Lines) + 1, Kind: mapping.Mapped, Entries: []mapping.Entry{entry}})
		}
	}
	return f
}
