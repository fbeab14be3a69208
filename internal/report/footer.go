package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// footer writes what was not checked, the counts, and what to do next.
func (t textWriter) footer(r *validate.Result, causes int) {
	for _, s := range skippedByReason(r.Skipped) {
		t.wrapped("skipped: ", "skipped: ", text.Line(s), "")
	}
	if len(r.Findings) == 0 {
		if t.opts.New {
			fmt.Fprintln(t, "no new findings")
		} else {
			fmt.Fprintln(t, "no findings")
		}
		return
	}
	if len(r.Findings) > 1 {
		for _, s := range severities() {
			if counts := ruleCounts(r.Findings, s); len(counts) > 0 {
				t.wrapped(s.String()+": ", t.paint(severityColors[s], s.String())+": ", strings.Join(counts, ", "), "")
			}
		}
	}
	if t.brief {
		t.wrapped("", "", "shortened: use --full for everything, --select RULE for one rule, explain RULE for what a rule means", "")
	}
	if n := fixable(r.Findings); n > 0 {
		fmt.Fprintf(t, "--fix fixes %d of the findings\n", n)
	}
	if t.opts.Page != "" {
		fmt.Fprintf(t, "as a page: %s\n", t.opts.Page)
	}
	total := fmt.Sprintf("%s, %s, %s", text.Plural(r.Count(source.Error), "error"), text.Plural(r.Count(source.Warning), "warning"), text.Plural(r.Count(source.Info), "info"))
	if causes < len(r.Findings) {
		total += fmt.Sprintf(", with %s", text.Plural(causes, "cause"))
	}
	t.wrapped("", "", total, "")
}

func severities() []source.Severity {
	return []source.Severity{source.Error, source.Warning, source.Info}
}

// skippedByReason lists the rules that were skipped for each reason.
func skippedByReason(skipped []validate.Skipped) []string {
	rules := map[string][]string{}
	var reasons []string
	for _, s := range skipped {
		if rules[s.Reason] == nil {
			reasons = append(reasons, s.Reason)
		}
		rules[s.Reason] = append(rules[s.Reason], s.Rule)
	}
	for i, reason := range reasons {
		reasons[i] = strings.Join(rules[reason], ", ") + ": " + reason
	}
	return reasons
}

// ruleCounts returns the number of findings of each rule, most first.
func ruleCounts(findings []validate.Finding, s source.Severity) []string {
	count := map[string]int{}
	var rules []string
	for _, f := range findings {
		if f.Severity != s {
			continue
		}
		if count[f.Rule] == 0 {
			rules = append(rules, f.Rule)
		}
		count[f.Rule]++
	}
	slices.SortFunc(rules, func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	for i, rule := range rules {
		rules[i] = fmt.Sprintf("%d %s", count[rule], rule)
	}
	return rules
}

func fixable(findings []validate.Finding) int {
	n := 0
	for _, f := range findings {
		if f.Fix != nil {
			n++
		}
	}
	return n
}

// Statistics writes a line for each rule with findings: how many, how many of
// them --fix fixes, the rule and its title. The most come first.
func Statistics(w io.Writer, r *validate.Result, rules []validate.Rule) error {
	byRule := map[string][]validate.Finding{}
	for _, f := range r.Findings {
		byRule[f.Rule] = append(byRule[f.Rule], f)
	}
	rules = slices.DeleteFunc(slices.Clone(rules), func(r validate.Rule) bool { return len(byRule[r.ID]) == 0 })
	slices.SortStableFunc(rules, func(a, b validate.Rule) int { return len(byRule[b.ID]) - len(byRule[a.ID]) })
	for _, rule := range rules {
		fixes := ""
		if n := fixable(byRule[rule.ID]); n > 0 {
			fixes = fmt.Sprintf("; --fix fixes %d", n)
		}
		if _, err := fmt.Fprintf(w, "%6d  %-22s %s%s\n", len(byRule[rule.ID]), rule.ID, rule.Title, fixes); err != nil {
			return err
		}
	}
	return nil
}

// Concise writes each finding on a line of its own:
// FILE:LINE:COLUMN: SEVERITY: MESSAGE [RULE]. Where no line or column applies, it
// is 0, as in JSON.
func Concise(w io.Writer, r *validate.Result) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(w, "%s:%d:%d: %s: %s [%s]\n", text.Line(f.Pos.File), f.Pos.Line, f.Pos.Column, f.Severity, text.Line(f.Message), f.Rule); err != nil {
			return err
		}
	}
	return nil
}
