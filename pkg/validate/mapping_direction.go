package validate

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func mappingDirection() Rule {
	const head = exampleMapping + `registry.ci.openshift.org/team/stream:web quay.io/team/web:latest
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
		Check:    checkMappingDirection,
	}
}

// checkMappingDirection compares each entry with the others of its set. Its
// sides are swapped if the others write to its source's organisation at least
// twice as often as they read from it, and read from its destination's
// organisation at least twice as often as they write to it.
func checkMappingDirection(p *Pass) {
	for _, set := range p.tree.Sets {
		from, to := map[organisation]int{}, map[organisation]int{}
		for _, m := range set.Files {
			for pair := range m.Pairs() {
				from[organisationOf(pair.Source)]++
				to[organisationOf(pair.Destination)]++
			}
		}
		for _, m := range set.Files {
			for pair := range m.Pairs() {
				src, dst := organisationOf(pair.Source), organisationOf(pair.Destination)
				if src != dst && to[src] >= 2*from[src] && from[dst] >= 2*to[dst] {
					p.Report(pair.Source.Pos, "write the source first",
						"%s is copied to %s, but the rest of set %s copies from %s to %s", pair.Source.Exact(), pair.Destination.Exact(), set.Name, dst, src)
				}
			}
		}
	}
}

// organisation is a registry and the first component of its repositories.
type organisation struct{ host, name string }

func organisationOf(r mapping.Reference) organisation {
	if r.Scheme != "" {
		return organisation{r.Scheme, r.Text}
	}
	name, _, _ := strings.Cut(r.Path(), "/")
	return organisation{r.Host(), name}
}

func (o organisation) String() string { return o.host + "/" + o.name }
