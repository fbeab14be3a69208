// Package validate reports mistakes in a release repository: in names, owners,
// mappings, jobs, secrets and roles.
//
// Every check is a [Rule] in a file of its own, with its texts and examples as
// data; [Rules] lists them. The package promises:
//
//   - [Run] reads only a [release.Tree], and equal trees give equal findings in
//     equal order;
//   - a rule without the facts that it needs is listed in Skipped, never
//     silently skipped;
//   - rule IDs are stable, and the message of a finding names its values.
package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Rule is one check with all of its texts. The documentation, the command
// "explain" and the help in SARIF use them.
type Rule struct {
	ID       string
	Title    string          // what it reports: one line without a full stop
	Why      string          // what goes wrong otherwise
	Fix      string          // what to do
	Severity source.Severity // default severity of its findings
	Bad      string          // a tree (txtar) with findings of the rule
	Good     string          // the same tree, fixed

	// Check checks a tree and reports findings. It must not keep the Pass.
	Check func(*Pass)
}

// Run applies rules to a tree. The severities of _mirror.yaml override those of
// the rules and may switch a rule off.
func Run(tree *release.Tree, rules ...Rule) *Result { return runWith(tree, nil, rules...) }

// runWith is Run with only the ignore comments for which counts returns true;
// nil means all.
func runWith(tree *release.Tree, counts func(*ignore) bool, rules ...Rule) *Result {
	out := &Result{}
	facts := &facts{tree: tree, ignores: map[string][]*ignore{}, counts: counts, running: map[string]bool{}}
	for _, rule := range rules {
		facts.running[rule.ID] = true
	}
	for _, rule := range rules {
		p := &Pass{facts: facts, rule: rule, out: out}
		rule.Check(p)
		p.tellMore()
	}
	joinConsequences(facts, out)
	applyIgnores(&Pass{facts: facts, rule: ignoreComment(), out: out}, facts.running)
	out.Sort()
	return out
}

// Pass is one rule applied to one tree.
type Pass struct {
	*facts
	rule Rule
	out  *Result

	reported, skips int
	more            int             // number of findings over the limit
	from            source.Position // the first of them
	worst           source.Severity // their highest severity
}

// Limits of one rule, because nobody reads more and a hostile tree could have
// millions.
const (
	maxFindings = 2000
	maxSkips    = 20
	maxRelated  = 50 // related places of one finding
)

// Tree returns the tree to check. Rules must not change it.
func (p *Pass) Tree() *release.Tree { return p.tree }

// Report adds a finding with the rule's own severity. hint says what to do and
// may be empty.
func (p *Pass) Report(pos source.Position, hint, format string, args ...any) *Finding {
	return p.ReportAs(p.rule.Severity, pos, hint, format, args...)
}

// ReportAs adds a finding with its own severity. Until the next report, the
// caller may complete the returned finding with related places or a fix. If the
// settings switch the finding off, it is returned but not kept.
func (p *Pass) ReportAs(severity source.Severity, pos source.Position, hint, format string, args ...any) *Finding {
	severity, wanted := p.tree.Settings.SeverityOf(p.rule.ID, pos.File, severity)
	f := Finding{Rule: p.rule.ID, Severity: severity, Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint}
	if !wanted {
		return &f
	}
	if p.reported == maxFindings {
		if p.more == 0 {
			p.from, p.worst = pos, severity
		}
		p.more++
		p.worst = min(p.worst, severity)
		return &f
	}
	p.reported++
	p.out.Findings = append(p.out.Findings, f)
	return &p.out.Findings[len(p.out.Findings)-1]
}

// tellMore adds the number of dropped findings to the last finding of a rule.
func (p *Pass) tellMore() {
	for i := len(p.out.Findings) - p.reported; i < len(p.out.Findings); i++ {
		f := &p.out.Findings[i]
		if n := len(f.Related); n > maxRelated {
			f.Related = append(f.Related[:maxRelated:maxRelated], Related{Pos: f.Related[maxRelated].Pos, Message: fmt.Sprintf("and %d more from here on", n-maxRelated)})
		}
	}
	if p.more > 0 {
		p.out.Findings = append(p.out.Findings, Finding{
			Rule: p.rule.ID, Severity: p.worst, Pos: p.from,
			Message: fmt.Sprintf("there are %d more findings of this rule", p.more), Hint: "fix the listed ones first",
		})
	}
	if p.skips > maxSkips {
		p.out.Skipped = append(p.out.Skipped, Skipped{Rule: p.rule.ID, Reason: fmt.Sprintf("there are %d more reasons", p.skips-maxSkips)})
	}
}

// problem reports a problem of a file from loading the tree.
func (p *Pass) problem(problem source.Problem) *Finding {
	f := p.ReportAs(problem.Severity, problem.Pos, problem.Hint, "%s", problem.Message)
	if problem.First.Line > 0 {
		f.Related = append(f.Related, Related{Pos: problem.First, Message: "the first one"})
	}
	return f
}

// Skip records why the rule could not check all of the tree.
func (p *Pass) Skip(format string, args ...any) {
	if p.skips++; p.skips > maxSkips {
		return
	}
	p.out.Skipped = append(p.out.Skipped, Skipped{Rule: p.rule.ID, Reason: fmt.Sprintf(format, args...)})
}

// known reports whether the tree has the facts that the rule needs. Otherwise
// it records the first of the reasons that is not empty.
func (p *Pass) known(reasons ...string) bool {
	reason := cmp.Or(reasons...)
	if reason != "" {
		p.Skip("%s", reason)
	}
	return reason == ""
}

// jobs returns the jobs of the jobs file. Without one the rule is skipped.
func (p *Pass) jobs() []*release.Job {
	if !p.known(p.noJobs()) {
		return nil
	}
	return p.tree.Jobs.Jobs
}

// Lookup returns the rule with an ID.
func Lookup(id string) (Rule, bool) {
	rules := Rules()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// nearestRule returns the hint for an unknown rule ID.
func nearestRule(id string) string {
	var ids []string
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	return suggest.Hint(id, ids, "see mirror-lint rules")
}

// Help returns why a rule matters and what to do, as two paragraphs.
func (r Rule) Help() string { return strings.TrimSpace(r.Why + "\n\n" + r.Fix) }
