package runreport

import (
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// An error that several entries share is printed once; errors that differ are
// printed with their entries.
func TestErrorOnce(t *testing.T) {
	report := func(errors ...string) string {
		r := &mirror.Report{Mode: mirror.ModeRun}
		for _, e := range errors {
			r.Entries = append(r.Entries, mirror.Entry{
				File: "m", Line: 1, Column: 2, Destination: "q.invalid/a:1", Outcome: mirror.Failed,
				Error: e, Cause: mirror.CauseDenied, Host: "q.invalid", Reason: "credential refused",
			})
		}
		var b strings.Builder
		Text{W: &b, Mode: mirror.ModeRun}.Summary(r)
		return b.String()
	}
	same := report("401 of HEAD x", "401 of HEAD x", "401 of HEAD x")
	if strings.Count(same, "401 of HEAD x\n") != 1 || strings.Count(same, "error: m:1:2: q.invalid/a:1\n") != 3 {
		t.Errorf("the same error is not printed once:\n%s", same)
	}
	for _, errors := range [][]string{{"401 of HEAD x"}, {"401 of HEAD x", "401 of HEAD y"}} {
		for _, e := range errors {
			if text := report(errors...); strings.Count(text, "error: m:1:2: q.invalid/a:1: "+e+"\n") != 1 {
				t.Errorf("%q is not printed with its entry:\n%s", e, text)
			}
		}
	}
}
