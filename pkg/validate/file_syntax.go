package validate

import (
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func fileSyntax() Rule {
	return Rule{
		ID:    "file-syntax",
		Title: "a file that cannot be read or parsed",
		Why: "What is in such a file cannot be checked, and the programs that read it fail or ignore it. " +
			"Prow keeps running the jobs of the last file that it could read.",
		Fix:  "Correct the syntax at the reported position.",
		Bad:  "-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics:\n- name: a\n  labels: [\n",
		Good: "-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics:\n- name: a\n  labels: {}\n",
		Check: func(p *Pass) {
			for _, problem := range p.tree.Problems {
				switch problem.Part {
				case release.PartMapping, release.PartOwners: // mapping-syntax and set-owners report these
				default:
					p.problem(problem.Problem)
				}
			}
			for _, problems := range [][]source.Problem{p.tree.Updater().Problems, p.tree.Secrets().Problems, p.tree.Promotions().Problems, p.tree.Manifests().Problems} {
				for _, problem := range problems {
					p.problem(problem)
				}
			}
			unknownRules(p, p.tree.Settings.Severity)
			for _, o := range p.tree.Settings.Overrides {
				unknownRules(p, o.Severity)
			}
		},
	}
}

// unknownRules reports severities in _mirror.yaml for rules that do not exist.
func unknownRules(p *Pass, severities release.Severities) {
	for _, s := range severities {
		if _, ok := Lookup(s.Rule); !ok {
			p.Report(s.Pos, nearestRule(s.Rule), "no rule is named %q", s.Rule)
		}
	}
}
