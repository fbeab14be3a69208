// Package junit writes test suites in the XML that Prow's JUnit lens reads.
package junit

import (
	"encoding/xml"
	"io"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// Suite is one test suite as Prow's JUnit lens reads it. The lens shows
// <failure> and never <error>, and shows as flaky what has both a failed and a
// passed case of one class and name.
type Suite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"` // this and the next two are counted by Write
	Failures int      `xml:"failures,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     float64  `xml:"time,attr"` // seconds
	Cases    []Case   `xml:"testcase"`
}

// Case is one case: it passed unless it has a failure or was skipped. Output is
// shown in any case.
type Case struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    float64  `xml:"time,attr"`
	Failure *Failure `xml:"failure"`
	Skipped *Skipped `xml:"skipped"`
	Output  string   `xml:"system-out,omitempty"`
}

// Failure is what failed, in one line and in full.
type Failure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Skipped is why a case was skipped.
type Skipped struct {
	Message string `xml:"message,attr"`
}

// Write writes the suite as a document. What XML forbids is replaced in all
// texts.
func (s Suite) Write(w io.Writer) error {
	s.Name, s.Tests, s.Failures, s.Skipped = text.Clean(s.Name), len(s.Cases), 0, 0
	s.Cases = slices.Clone(s.Cases)
	for i := range s.Cases {
		c := &s.Cases[i]
		c.Class, c.Name, c.Output = text.Clean(c.Class), text.Clean(c.Name), text.Clean(c.Output)
		switch {
		case c.Failure != nil:
			c.Failure = &Failure{text.Clean(c.Failure.Message), text.Clean(c.Failure.Text)}
			s.Failures++
		case c.Skipped != nil:
			c.Skipped = &Skipped{text.Clean(c.Skipped.Message)}
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
