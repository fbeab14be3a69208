package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     float64     `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    float64       `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Skipped *junitSkipped `xml:"skipped"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// JUnit writes one test suite for Prow's JUnit lens: a case for each file with
// findings of a rule, which fails with all of them in one text; a case that
// passes for each rule without findings; and a skipped one for each rule that
// could not be checked. The lens never shows <error>, so there is none.
func JUnit(w io.Writer, r *Result, rules []RuleInfo) error {
	type key struct{ rule, file string }
	found := map[key][]Finding{}
	seen := map[string]bool{}
	for _, f := range r.Findings {
		k := key{f.Rule, f.Pos.File}
		found[k] = append(found[k], f)
		seen[f.Rule] = true
	}
	suite := junitSuite{Name: "mirror-lint"}
	for k, findings := range found {
		texts := make([]string, len(findings))
		for i, f := range findings {
			texts[i] = fmt.Sprintf("%s: %s: %s", f.Pos, f.Severity, plainText(f))
		}
		suite.Cases = append(suite.Cases, junitCase{Class: clean(k.rule), Name: clean(cmp.Or(k.file, "release repository")), Failure: &junitFailure{
			Message: clean(findings[0].Message), Text: clean(strings.Join(texts, "\n\n")),
		}})
		suite.Failures++
	}
	for _, s := range r.Skipped {
		suite.Cases = append(suite.Cases, junitCase{Class: clean(s.Rule), Name: "skipped: " + clean(s.Reason), Skipped: &junitSkipped{clean(s.Reason)}})
		suite.Skipped++
		seen[s.Rule] = true
	}
	for _, rule := range rules {
		if !seen[rule.ID] {
			suite.Cases = append(suite.Cases, junitCase{Class: clean(rule.ID), Name: "all files"})
		}
	}
	slices.SortFunc(suite.Cases, func(a, b junitCase) int {
		return cmp.Or(strings.Compare(a.Class, b.Class), strings.Compare(a.Name, b.Name))
	})
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
