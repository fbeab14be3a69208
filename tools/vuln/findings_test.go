package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const answer = `{"config": {"protocol_version": "v1.0.0"}}
{"osv": {"id": "GO-1", "summary": "One"}}
{"osv": {"id": "GO-2", "summary": "Two"}}
{"osv": {"id": "GO-3", "summary": "Three"}}
{"finding": {"osv": "GO-1", "fixed_version": "v1.2.0", "trace": [{"module": "a.io/b", "version": "v1.1.0"}]}}
{"finding": {"osv": "GO-1", "fixed_version": "v1.2.0", "trace": [{"module": "a.io/b", "version": "v1.1.0", "package": "a.io/b/c", "function": "Do"}]}}
{"finding": {"osv": "GO-2", "fixed_version": "v1.26.9", "trace": [{"module": "stdlib", "version": "v1.26.8", "package": "net/http", "function": "Get"}]}}
{"finding": {"osv": "GO-3", "trace": [{"module": "a.io/d", "version": "v1.0.0", "package": "a.io/d"}]}}
`

func TestFindings(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		ok           bool
		want         []string
	}{
		{"ours", answer, false, []string{
			"error: GO-1 One in a.io/b v1.1.0, fixed in v1.2.0 (a.io/b/c.Do)\n",
			"warning: GO-2 Two in stdlib v1.26.8, fixed in v1.26.9 (net/http.Get)\n",
			"2 vulnerabilities are called: 1 in modules, 1 in the standard library of this Go release, 0 that nobody has fixed; 1 more are in modules and not called\n",
		}},
		{"not fixed", strings.ReplaceAll(answer, `"fixed_version": "v1.2.0", `, ""), true, []string{
			"warning: GO-1 One in a.io/b v1.1.0, not fixed yet (a.io/b/c.Do)\n",
			"1 that nobody has fixed",
		}},
		{"the standard library's", strings.ReplaceAll(answer, `"function": "Do"`, `"function": ""`), true, []string{"1 vulnerabilities are called: 0 in modules, 1 in the standard library"}},
		{"in two modules", answer + `{"finding": {"osv": "GO-1", "fixed_version": "v1.26.9", "trace": [{"module": "stdlib", "version": "v1.26.8", "package": "net", "function": "Do"}]}}`, false, []string{
			"error: GO-1 One in a.io/b v1.1.0", "warning: GO-1 One in stdlib v1.26.8",
		}},
		{"none", `{"config": {}}`, true, []string{"0 vulnerabilities are called"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := read(strings.NewReader(tt.answer))
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if ok := f.print(&out); ok != tt.ok {
				t.Errorf("ok is %v", ok)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q lacks %q", out.String(), want)
				}
			}
		})
	}
	if _, err := read(strings.NewReader("no JSON")); err == nil {
		t.Error("an answer that is no JSON was read")
	}
}

func TestReach(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if err := reach(s.URL); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a server without a database: %v", err)
	}
	s.Close()
	if reach(s.URL) == nil {
		t.Error("a server that is not there was reached")
	}
}
