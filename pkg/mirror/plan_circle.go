package mirror

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// circles refuses tags that are copied from each other, because each run would
// move all of them.
func (b *planBuilder) circles(pairs []mapping.Pair) {
	from := map[string]mapping.Pair{} // by canonical destination
	for _, p := range pairs {
		if !p.Source.Wildcard() && p.Source.Digest == "" && p.Destination.Tag != "" {
			from[p.Destination.Canonical()] = p
		}
	}
	done := map[string]bool{}
	for _, p := range pairs {
		var path []mapping.Pair
		at := p.Destination.Canonical()
		for !done[at] {
			step, ok := from[at]
			if !ok {
				break
			}
			done[at] = true
			path = append(path, step)
			at = step.Source.Canonical()
		}
		for i := range path {
			if path[i].Destination.Canonical() == at {
				b.circle(path[i:])
				break
			}
		}
	}
}

// circle refuses one circle, whose pairs are each copied from the next.
func (b *planBuilder) circle(path []mapping.Pair) {
	first := 0
	for i := range path {
		if path[i].Source.Pos.Compare(path[first].Source.Pos) < 0 {
			first = i
		}
	}
	path = append(path[first:len(path):len(path)], path[:first]...)
	var names, places []string
	for i := range path {
		p := path[(len(path)-i)%len(path)]
		names, places = append(names, p.Source.Exact()), append(places, p.Destination.Pos.String())
	}
	text := "%s are copied from each other (%s)"
	if len(path) > 2 {
		text = "%s are copied from each other in a circle (%s)"
	}
	last := len(names) - 1
	b.refusef(CauseOther, path[0].Source.Pos, text, strings.Join(names[:last], ", ")+" and "+names[last], strings.Join(places, ", "))
}
