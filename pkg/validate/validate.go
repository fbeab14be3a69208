// Package validate finds mistakes in a release repository: names, owners,
// images that overwrite other images, jobs, secrets, roles.
//
// Every check is a [Rule] in a file of its own, with its text and its examples
// as data beside it; [Rules] lists them. The package promises:
//
//   - [Run] looks at a [release.Tree] and nothing else, and equal trees give
//     equal findings in equal order;
//   - a rule whose facts are missing from the tree says so in Skipped, and is
//     never silently passed over;
//   - rule IDs are stable, and a finding's message names the values it is about.
package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Rule is one check with all of its texts. The documentation, the command
// "explain" and the help in SARIF are made from it.
type Rule struct {
	ID       string
	Title    string          // what it reports, in one line without a full stop
	Why      string          // what goes wrong otherwise
	Fix      string          // what to do
	Severity source.Severity // of its findings, where a finding does not say otherwise
	Bad      string          // a tree (txtar) in which the rule finds something
	Good     string          // the same tree, fixed

	// Check checks a tree and reports findings. It must not keep the Pass.
	Check func(*Pass)
}

// Run applies rules to a tree. The severities of _mirror.yaml go before those
// of the rules, and may switch a rule off.
func Run(tree *release.Tree, rules ...Rule) *Result { return runWith(tree, nil, rules...) }

// runWith is Run with only those ignore comments that counts takes; nil takes all.
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
	quiet(facts, out)
	out.Sort()
	return out
}

// quiet applies the ignore comments of the tree to what the rules found.
func quiet(facts *facts, out *Result) {
	p := &Pass{facts: facts, rule: ignoreComment(), out: out}
	applyIgnores(p, facts.running)
}

// Pass is one rule applied to one tree.
type Pass struct {
	*facts
	rule Rule
	out  *Result

	reported, skips int
	more            int             // findings beyond those that are kept
	from            source.Position // the first of them
	worst           source.Severity // the worst of them
}

// Limits of one rule: nobody reads more, and a hostile tree could have
// millions.
const (
	maxFindings = 2000
	maxSkips    = 20
	maxRelated  = 50 // places of one finding
)

// Tree returns the tree that is checked. It must not be changed.
func (p *Pass) Tree() *release.Tree { return p.tree }

// Report adds a finding with the rule's own severity. hint says what to do and
// may be empty.
func (p *Pass) Report(pos source.Position, hint, format string, args ...any) *Finding {
	return p.ReportAs(p.rule.Severity, pos, hint, format, args...)
}

// ReportAs adds a finding with a severity of its own. The caller may complete
// the finding that it returns, with related places or a fix, until the next
// report. A finding that the settings switch off is returned all the same, and
// dropped.
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

// tellMore adds to the last finding of a rule how many are left out.
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

// problem reports what was wrong with a file when the tree was loaded.
func (p *Pass) problem(problem source.Problem) *Finding {
	f := p.ReportAs(problem.Severity, problem.Pos, problem.Hint, "%s", problem.Message)
	if problem.First.Line > 0 {
		f.Related = append(f.Related, Related{Pos: problem.First, Message: "the first one"})
	}
	return f
}

// Skip records that the rule could not check the tree, or not all of it, and
// why.
func (p *Pass) Skip(format string, args ...any) {
	if p.skips++; p.skips > maxSkips {
		return
	}
	p.out.Skipped = append(p.out.Skipped, Skipped{Rule: p.rule.ID, Reason: fmt.Sprintf(format, args...)})
}

// Lookup returns the rule of an ID.
func Lookup(id string) (Rule, bool) {
	rules := Rules()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// nearestRule is the hint for an ID that no rule has.
func nearestRule(id string) string {
	var ids []string
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	return suggest.Hint(id, ids, "see mirror-lint rules")
}

// Help returns why a rule matters and what to do, as two paragraphs.
func (r Rule) Help() string { return strings.TrimSpace(r.Why + "\n\n" + r.Fix) }
