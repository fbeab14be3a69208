package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/junit"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// FuzzFormats puts any text into a finding: it must not break a format.
func FuzzFormats(f *testing.F) {
	for _, s := range []string{"a\x00b\x1b[31m", "]]>", "%0A::error::x", "</script>", "<script>", "\" onclick=x", "</title><img src=x>", "\xff\xfe", "\u202eabc", "a\nb\r\n::error::x", "a:b,c", "\ufffe\uffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := &validate.Result{
			Findings: []validate.Finding{{Rule: "mapping-name", Severity: source.Error, Pos: source.Position{File: s, Line: 1, Column: 2}, Message: s, Hint: s,
				Related: []validate.Related{{Pos: source.Position{File: s, Line: 2, Column: 1}, Message: s}}}},
			Skipped: []validate.Skipped{{Rule: "job-auth", Reason: s}},
		}
		rules := []validate.Rule{{ID: "mapping-name", Title: s, Why: s}, {ID: "set-job", Severity: source.Warning, Title: s}}
		var b bytes.Buffer
		if err := JUnit(&b, r, rules); err != nil {
			t.Fatal(err)
		}
		var suite junit.Suite
		if err := xml.Unmarshal(b.Bytes(), &suite); err != nil {
			t.Fatalf("JUnit: %v\n%s", err, b.Bytes())
		}
		if suite.Tests != 3 || suite.Failures != 1 || suite.Skipped != 1 || len(suite.Cases) != 3 {
			t.Errorf("JUnit: %+v, want 3 cases: 1 failed, 1 skipped, 1 passed", suite)
		}
		b.Reset()
		if err := GitHub(&b, r); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n != 1 || strings.ContainsAny(b.String(), "\r\x1b\x00") {
			t.Errorf("GitHub: %q, want one clean line", b.String())
		}
		b.Reset()
		if err := SARIF(&b, r, rules, SARIFOptions{Version: "v1", Source: func(string) []byte { return []byte(s + "\n" + s) }}); err != nil {
			t.Fatal(err)
		}
		var log sarifLog
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatalf("SARIF: %v\n%s", err, b.Bytes())
		}
		if len(log.Runs) != 1 || len(log.Runs[0].Results) != 1 {
			t.Errorf("SARIF: %+v, want one result", log)
		}
		b.Reset()
		if err := JSON(&b, r, nil); err != nil {
			t.Fatal(err)
		}
		if !json.Valid(b.Bytes()) {
			t.Errorf("JSON: %q", b.Bytes())
		}
		b.Reset()
		opts := HTMLOptions{Source: func(string) []byte { return []byte(s + "\n" + s) }, Set: func(source.Position) string { return s }}
		if err := HTML(&b, r, rules, opts); err != nil {
			t.Fatal(err)
		}
		if got := foreign(t, b.String()); len(got) > 0 {
			t.Errorf("HTML: %v", got)
		}
		b.Reset()
		if err := Text(&b, r, TextOptions{Source: func(string) []byte { return []byte(s + "\n" + s) }}); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexAny(b.String(), "\x1b\x00\r"); i >= 0 {
			t.Errorf("Text: control character at %d of %q", i, b.String())
		}
	})
}
