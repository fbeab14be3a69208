package runreport

import (
	"fmt"
	"io"
	"path"

	"github.com/mirror-tools/mirror-tools/internal/junit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// JUnit writes one test suite for Prow's JUnit lens: a case for each
// destination, with its mapping file as the class, and a failed one for each
// error in a mapping file that was left out. A copy that worked only when
// something was tried again has two cases, one failed and one passed, which the
// lens shows as flaky.
func JUnit(w io.Writer, r *mirror.Report) error {
	suite := junit.Suite{Name: "mirror " + string(r.Mode), Time: r.Seconds, Cases: make([]junit.Case, 0, len(r.Entries))}
	for _, p := range r.Problems {
		suite.Cases = append(suite.Cases, junit.Case{Class: path.Base(p.File), Name: "the file at " + place(p).String(), Failure: &junit.Failure{
			Message: p.Message, Text: fmt.Sprintf("%s: the file was left out: %s\n%s", place(p), p.Message, p.Hint),
		}})
	}
	for _, e := range r.Entries {
		c := junit.Case{Class: Set(e), Name: e.Destination, Time: e.Seconds}
		switch {
		case e.Bad():
			what := Told(e)
			c.Failure = &junit.Failure{Message: what, Text: fmt.Sprintf("%s: %s: %s\nsource: %s", position(e), e.Outcome, what, e.Source)}
			if e.Retries > 0 {
				c.Failure.Text += fmt.Sprintf("\nretried %s, first after: %s", times(e.Retries), e.Retried)
			}
		case e.Outcome == mirror.Missing, e.Outcome == mirror.Filtered, e.Outcome == mirror.Protected:
			c.Skipped = &junit.Skipped{Message: Told(e)}
		case e.Retries > 0:
			failed := c
			failed.Time = 0
			failed.Failure = &junit.Failure{Message: e.Retried, Text: fmt.Sprintf("%s: retried %s, first after: %s", position(e), times(e.Retries), e.Retried)}
			suite.Cases = append(suite.Cases, failed)
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite.Write(w)
}
