package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// JUnitSuite is one test suite as Prow's JUnit lens reads it. The lens shows
// <failure> and never <error>, and calls flaky what has both a failed and a
// passed case of one class and name.
type JUnitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"` // this and the next two are counted by Write
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     float64     `xml:"time,attr"` // seconds
	Cases    []JUnitCase `xml:"testcase"`
}

// JUnitCase is one case: it passed unless it has a failure or was skipped.
type JUnitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    float64       `xml:"time,attr"`
	Failure *JUnitFailure `xml:"failure"`
	Skipped *JUnitSkipped `xml:"skipped"`
}

// JUnitFailure is what failed, in one line and in full.
type JUnitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnitSkipped is why a case was skipped.
type JUnitSkipped struct {
	Message string `xml:"message,attr"`
}

// Write writes the suite as a document. What XML forbids is replaced in all
// texts.
func (s JUnitSuite) Write(w io.Writer) error {
	s.Name, s.Tests, s.Failures, s.Skipped = Clean(s.Name), len(s.Cases), 0, 0
	s.Cases = slices.Clone(s.Cases)
	for i := range s.Cases {
		c := &s.Cases[i]
		c.Class, c.Name = Clean(c.Class), Clean(c.Name)
		switch {
		case c.Failure != nil:
			c.Failure = &JUnitFailure{Clean(c.Failure.Message), Clean(c.Failure.Text)}
			s.Failures++
		case c.Skipped != nil:
			c.Skipped = &JUnitSkipped{Clean(c.Skipped.Message)}
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// JUnit writes one test suite for Prow's JUnit lens: a case for each file with
// findings of a rule, which fails with all of them in one text; a case that
// passes for each rule without findings; and a skipped one for each rule that
// could not be checked.
func JUnit(w io.Writer, r *Result, rules []RuleInfo) error {
	type key struct{ rule, file string }
	found := map[key][]Finding{}
	seen := map[string]bool{}
	for _, f := range r.Findings {
		k := key{f.Rule, f.Pos.File}
		found[k] = append(found[k], f)
		seen[f.Rule] = true
	}
	suite := JUnitSuite{Name: "mirror-lint"}
	for k, findings := range found {
		texts := make([]string, len(findings))
		for i, f := range findings {
			texts[i] = fmt.Sprintf("%s: %s: %s", f.Pos, f.Severity, plainText(f))
		}
		suite.Cases = append(suite.Cases, JUnitCase{Class: k.rule, Name: cmp.Or(k.file, "release repository"), Failure: &JUnitFailure{
			Message: findings[0].Message, Text: strings.Join(texts, "\n\n"),
		}})
	}
	for _, s := range r.Skipped {
		suite.Cases = append(suite.Cases, JUnitCase{Class: s.Rule, Name: "skipped: " + s.Reason, Skipped: &JUnitSkipped{s.Reason}})
		seen[s.Rule] = true
	}
	for _, rule := range rules {
		if !seen[rule.ID] {
			suite.Cases = append(suite.Cases, JUnitCase{Class: rule.ID, Name: "all files"})
		}
	}
	slices.SortFunc(suite.Cases, func(a, b JUnitCase) int {
		return cmp.Or(strings.Compare(a.Class, b.Class), strings.Compare(a.Name, b.Name))
	})
	return suite.Write(w)
}
