package effects

import "github.com/mirror-tools/mirror-tools/pkg/mapping"

// Mapping returns the copies to look up in registries: those of destinations
// that are new, get another image, or are mirrored for the first time. Positions
// are those of the second tree. References that are not images in a registry are
// left out.
func (e *Effect) Mapping() *mapping.File {
	f := &mapping.File{Name: "the change"}
	for _, d := range e.Destinations {
		if d.Change != New && d.Change != Source && d.Change != Started {
			continue
		}
		to := d.ref
		if to.Tag == "" { // pushed by the digest of its source
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
