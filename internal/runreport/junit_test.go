package runreport

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/junit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

func suite(t *testing.T, r *mirror.Report) junit.Suite {
	t.Helper()
	var b bytes.Buffer
	if err := JUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var suite junit.Suite
	if err := xml.Unmarshal(b.Bytes(), &suite); err != nil {
		t.Fatalf("%v\n%s", err, b.Bytes())
	}
	return suite
}

// Each destination is a case of its mapping file; the one that needed a second
// try has two cases.
func TestJUnit(t *testing.T) {
	r := realReport(t, mirror.ModeRun)
	suite := suite(t, r)
	if suite.Tests != 6 || suite.Failures != 2 || suite.Skipped != 0 || len(suite.Cases) != 6 {
		t.Errorf("%d tests, %d failures, %d skipped, %d cases; want 6, 2, 0, 6", suite.Tests, suite.Failures, suite.Skipped, len(suite.Cases))
	}
	type key struct{ class, name string }
	failed, passed := map[key]string{}, map[key]int{}
	for _, c := range suite.Cases {
		if k := (key{c.Class, c.Name}); c.Failure != nil {
			failed[k] = c.Failure.Text
		} else {
			passed[k]++
		}
	}
	flaky := 0
	for k, text := range failed {
		switch {
		case passed[k] == 1:
			flaky++
			if !strings.Contains(text, "retried once, first after: ") || !strings.Contains(text, "503") {
				t.Errorf("flaky: %s", text)
			}
		case k.class != "mapping_team_latest" || !strings.HasPrefix(text, "sets/team/mapping_team_latest:2:") || !strings.Contains(text, "failed: the source does not exist"):
			t.Errorf("%v failed: %s", k, text)
		}
	}
	if flaky != 1 || len(passed) != 4 {
		t.Errorf("%d flaky and %d passed, want 1 and 4", flaky, len(passed))
	}
}

// FuzzText puts any text into an entry: no format may break.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a\x00b\x1b[31m", "]]>", "</script><script>alert(1)", "\xff\xfe", "\u202eabc", "a\nb\r\nerror: x", "\ufffe\uffff", `"\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := hostile(s)
		suite := suite(t, r)
		if suite.Tests != 4 || suite.Failures != 3 {
			t.Errorf("JUnit: %d tests, %d failures; want 4 (one of them flaky, one for a file), 3", suite.Tests, suite.Failures)
		}
		var b bytes.Buffer
		if err := Metrics(&b, r, s, "", Failing(r, nil)); err != nil {
			t.Fatal(err)
		}
		families(t, b.Bytes())
		b.Reset()
		if err := JSON(&b, r); err != nil || !json.Valid(b.Bytes()) {
			t.Errorf("JSON: %v, %q", err, b.Bytes())
		}
		b.Reset()
		text := Text{W: &b}
		text.Entry(r.Entries[0])
		text.Summary(r)
		if i := bytes.IndexAny(b.Bytes(), "\x1b\x00\r"); i >= 0 {
			t.Errorf("text: control character at %d of %q", i, b.String())
		}
	})
}

// hostile is a report with s in every place that a registry or a file fills.
func hostile(s string) *mirror.Report {
	problem := mirror.Problem{File: s, Line: 1, Message: s, Hint: s}
	e := mirror.Entry{File: s, Line: 1, Column: 2, Source: s, Destination: s, Digest: s, Retried: s, Retries: 1, Details: []string{s}}
	failed, copied := e, e
	failed.Outcome, failed.Error, failed.Cause = mirror.Failed, s+"!", mirror.CauseOther
	copied.Outcome = mirror.Copied
	return &mirror.Report{
		Version: 1, Mode: mirror.ModeRun, Entries: []mirror.Entry{failed, copied}, Notes: []string{s}, Problems: []mirror.Problem{problem},
		Summary: map[mirror.Outcome]int{mirror.Failed: 1, mirror.Copied: 1},
	}
}
