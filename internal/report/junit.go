package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/junit"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// JUnit writes one test suite for Prow's JUnit lens: a case for each file with
// errors of a rule, which fails with all of them in one text; one that passes for
// each file with warnings and infos alone, which have their text as its output; a
// case that passes for each rule without findings; and a skipped one for each
// rule that could not be checked.
func JUnit(w io.Writer, r *validate.Result, rules []validate.Rule) error {
	type key struct{ rule, file string }
	found := map[key][]validate.Finding{}
	seen := map[string]bool{}
	for _, f := range r.Findings {
		k := key{f.Rule, f.Pos.File}
		found[k] = append(found[k], f)
		seen[f.Rule] = true
	}
	suite := junit.Suite{Name: "mirror-lint"}
	for k, findings := range found {
		texts := make([]string, len(findings))
		for i, f := range findings {
			texts[i] = fmt.Sprintf("%s: %s: %s", f.Pos, f.Severity, plainText(f))
		}
		one := junit.Case{Class: k.rule, Name: cmp.Or(k.file, "release repository"), Output: strings.Join(texts, "\n\n")}
		if i := slices.IndexFunc(findings, func(f validate.Finding) bool { return f.Severity == source.Error }); i >= 0 {
			one.Failure = &junit.Failure{Message: findings[i].Message, Text: one.Output}
			one.Output = ""
		}
		suite.Cases = append(suite.Cases, one)
	}
	for _, s := range r.Skipped {
		suite.Cases = append(suite.Cases, junit.Case{Class: s.Rule, Name: "skipped: " + s.Reason, Skipped: &junit.Skipped{Message: s.Reason}})
		seen[s.Rule] = true
	}
	for _, rule := range rules {
		if !seen[rule.ID] {
			suite.Cases = append(suite.Cases, junit.Case{Class: rule.ID, Name: "all files"})
		}
	}
	slices.SortFunc(suite.Cases, func(a, b junit.Case) int {
		return cmp.Or(strings.Compare(a.Class, b.Class), strings.Compare(a.Name, b.Name))
	})
	return suite.Write(w)
}
