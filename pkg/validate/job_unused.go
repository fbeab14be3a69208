package validate

import (
	"path"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobUnused() Rule {
	return Rule{
		ID:    "job-unused",
		Title: "a periodic whose glob matches no mapping",
		Why: "bash passes a pattern without a match to oc unchanged, " +
			"so the job fails on every run and hides the failures that matter.",
		Fix:      "Correct the glob, add the mapping file, or remove the job.",
		Severity: source.Error,
		Bad:      exampleJobs("team", "mapping_teem*") + exampleMapping,
		Good:     exampleJobs("team", "mapping_team*") + exampleMapping,
		Check:    checkJobUnused,
	}
}

func checkJobUnused(p *Pass) {
	for _, job := range p.jobs() {
		if !job.Mirrors {
			continue
		}
		if !job.Mappings.Known && !misspelt(p, job) {
			p.Skip("it is not known which mappings %s runs: describe it with mappings_from in %s", job.Name, p.tree.Layout.Settings())
		}
		for _, g := range job.Mappings.Globs {
			switch {
			case invalidGlob(g.Pattern):
				p.Report(g.Pos, "correct the pattern", "%s runs %q, which is not a valid pattern", job.Name, g.Pattern)
			case len(p.tree.Runs().Matching(g.Pattern)) == 0:
				f := p.Report(g.Pos, "correct the pattern, add the mapping file, or remove the job",
					"%s runs %q, and no mapping file matches it", job.Name, g.Pattern)
				f.Cause = Cause{ID: "no mapping", Summary: "{n} patterns of jobs match no mapping file",
					Hint: "correct the patterns, add the mapping files, or remove the jobs"}
			}
		}
	}
}

// misspelt reports a variable or argument whose name is similar to one that
// names mappings, in a job that names none. It returns whether there is one.
func misspelt(p *Pass, job *release.Job) bool {
	if job.Mappings.Form != release.FormNone {
		return false
	}
	var variables, options []string
	for _, from := range p.tree.Settings.NamedBy() {
		if from.Env != "" {
			variables = append(variables, from.Env)
		} else {
			options = append(options, from.Arg)
		}
	}
	report := func(pos source.Position, does, name string, known []string) bool {
		near := suggest.Nearest(name, known)
		if near == "" || near == name || suggest.Distance(name, near) > 2 || len(strings.Trim(name, "-")) < 4 { // short names are similar by chance
			return false
		}
		p.Report(pos, "did you mean "+near+"?", "%s runs no mappings: it %s %s, not %s", job.Name, does, name, near)
		return true
	}
	for _, name := range sortedKeys(job.Env) {
		if report(job.Env[name].KeyPos, "sets", name, variables) {
			return true
		}
	}
	for _, arg := range job.Args {
		name, _, _ := strings.Cut(arg.Value, "=")
		if strings.HasPrefix(name, "-") && report(release.Locate(p.tree.Jobs.Path, p.tree.Jobs.Text, arg, 0), "has", name, options) {
			return true
		}
	}
	return false
}

func invalidGlob(pattern string) bool {
	_, err := path.Match(pattern, "")
	return err != nil
}
