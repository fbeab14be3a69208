package validate

import (
	"github.com/mirror-tools/mirror-tools/internal/source"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

func mappingDirection() Rule {
	const head = `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
registry.ci.openshift.org/team/stream:web quay.io/team/web:latest
`
	return Rule{
		ID:    "mapping-direction",
		Title: "source and destination swapped",
		Why: "The first reference of a line is the source. A swapped line copies the published image over the one that CI promotes, " +
			"if the credential allows it, and otherwise fails on every run.",
		Fix:      "Write the source first.",
		Severity: source.Error,
		Bad:      head + "quay.io/team/cli:latest registry.ci.openshift.org/team/stream:cli\n",
		Good:     head + "registry.ci.openshift.org/team/stream:cli quay.io/team/cli:latest\n",
		check:    checkMappingDirection,
	}
}

// checkMappingDirection compares each entry with the other entries of its set:
// it is swapped when its source's organisation is one that the others only
// write to, and its destination's one that they only read from.
func checkMappingDirection(p *pass) {
	for _, set := range p.tree.Sets {
		from, to := map[string]int{}, map[string]int{}
		count := func(by int, pair mapping.Pair) {
			from[organisation(pair.Source.CanonicalRepository())] += by
			to[organisation(pair.Destination.CanonicalRepository())] += by
		}
		for _, m := range set.Files {
			for pair := range m.Pairs() {
				count(1, pair)
			}
		}
		for _, m := range set.Files {
			for pair := range m.Pairs() {
				count(-1, pair)
				src, dst := organisation(pair.Source.CanonicalRepository()), organisation(pair.Destination.CanonicalRepository())
				if src != dst && to[src] > 1 && from[src] == 0 && from[dst] > 1 && to[dst] == 0 {
					p.report(pair.Source.Pos, "write the source first",
						"%s is copied to %s, but the rest of set %s copies from %s to %s", pair.Source.Exact(), pair.Destination.Exact(), set.Name, dst, src)
				}
				count(1, pair)
			}
		}
	}
}
