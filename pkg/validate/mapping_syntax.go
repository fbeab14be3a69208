package validate

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func mappingSyntax() Rule {
	return Rule{
		ID:    "mapping-syntax",
		Title: "a line that oc image mirror would refuse or misread",
		Why: "oc image mirror stops at the first line it cannot read and mirrors nothing of the whole file. " +
			"It silently skips some mistakes, and the image is not mirrored.",
		Fix: "Write SRC DST [DST...] with single blanks between the references, each HOST/REPOSITORY[:TAG].",
		Bad: `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:app quay.io/Team/app:latest
`,
		Good: exampleMapping,
		Check: func(p *Pass) {
			for _, problem := range p.tree.Problems {
				if problem.Part == release.PartMapping {
					p.problem(problem.Problem)
				}
			}
			for _, m := range p.tree.Mappings() {
				for _, problem := range m.Problems {
					f := p.problem(problem)
					f.Fix = syntaxFix(m, problem.Pos.Line)
					switch {
					case strings.HasPrefix(f.Message, "a source without a destination"):
						f.Cause = Cause{ID: "alone " + m.Path, Summary: "{n} lines of " + m.Base + " have a source without a destination"}
					case strings.HasSuffix(f.Message, "a merge conflict"):
						f.Cause = Cause{ID: "conflict " + m.Path, Summary: "{n} lines of " + m.Base + " are markers of a merge conflict"}
					}
				}
				laterDestinations(p, m)
			}
		},
	}
}

// laterDestinations reports the destinations of a wildcard after the first one. The
// entry point of openshift/release expands the wildcard itself and reads only the
// first (openshift/release, hack/periodic-mirroring.sh).
func laterDestinations(p *Pass, m *release.MappingFile) {
	for e := range m.Entries() {
		if len(e.Destinations) < 2 || release.StrippedPrefix(p.tree.Runs().Of(m), e.Source) == "" {
			continue
		}
		f := p.Report(e.Destinations[1].Pos, "write a line for each destination",
			"%s is mirrored to %s only: the entry point of the job ignores the other destinations of such a wildcard",
			e.Source.Exact(), e.Destinations[0].Exact())
		f.Severity = source.Warning // the job's image may have another entry point
		f.Cause = Cause{ID: "later destinations " + m.Path,
			Summary: "{n} wildcards of " + m.Base + " have destinations that the entry point of the job ignores"}
	}
}
