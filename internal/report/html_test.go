package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func TestHTML(t *testing.T) {
	at := func(file string, line, column int) source.Position {
		return source.Position{File: file, Line: line, Column: column}
	}
	conflict := validate.Finding{Rule: "duplicate-destination", Severity: source.Error, Pos: at("shop/mapping_shop", 2, 7), Message: "written <twice>", Hint: "keep one"}
	for i := range 8 {
		conflict.Related = append(conflict.Related, validate.Related{Pos: at("shop/mapping_shop", i+1, 1), Message: fmt.Sprintf("place %d", i)})
	}
	r := &validate.Result{
		Findings: []validate.Finding{
			{Rule: "set-job", Severity: source.Warning, Pos: at("tools", 0, 0), Message: "no job"},
			{Rule: "set-job", Severity: source.Info, Pos: at("shop", 0, 0), Message: "a note"},
			conflict,
			{Rule: "job-unused", Severity: source.Warning, Pos: at("jobs.yaml", 1, 0), Message: "unused"},
		},
		Skipped: []validate.Skipped{{Rule: "job-secret", Reason: "no secrets here"}},
	}
	rules := []validate.Rule{
		{ID: "duplicate-destination", Title: "a tag written twice", Why: "Why.", Fix: "What to do."},
		{ID: "set-job", Severity: source.Warning, Title: "no job"},
		{ID: "job-unused", Severity: source.Warning, Title: "nothing to run"},
		{ID: "job-secret", Title: "no secret"},
		{ID: "set-owners", Title: "no owners"},
	}
	var b bytes.Buffer
	err := HTML(&b, r, rules, HTMLOptions{
		Source: func(file string) []byte { return []byte("first line\na/b:c d/e:f;\nthird\n") },
		Set: func(p source.Position) string {
			set, _, ok := strings.Cut(p.File, "/")
			if ok || set == "tools" || set == "shop" {
				return set
			}
			return ""
		},
		Version: "v1",
	})
	if err != nil {
		t.Fatal(err)
	}
	page := htmltest.Parse(t, b.String())
	for _, tt := range []struct{ what, want string }{
		{"title", "mirror-lint: 1 error, 2 warnings, 1 info"},
		{"h2", "shop 1 error, 1 info | Outside any set 1 warning | tools 1 warning | What the rules mean | Nothing found by"},
		{"h3", "duplicate-destination 1 found | set-job 2 found | job-unused 1 found"},
		{".what", "error written <twice> | info a note | warning unused | warning no job"},
		{".where", "shop/mapping_shop:2:7 duplicate-destination | shop set-job | jobs.yaml:1 job-unused | tools set-job"},
		{".hint", "To do: keep one"},
		{"mark", "d/e:f | first | a/b:c | third"},
		{"summary", "1 check was not made, or not in full | 3 more places"},
		{"footer", "mirror-lint v1"},
		{"dd", "1 | 2 | 1 | 2 | 4 of 5"},
	} {
		if got := strings.Join(htmltest.AllWords(htmltest.Find(page, tt.what)), " | "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, got, tt.want)
		}
	}
	for _, s := range []string{"no secrets here", "Why.", "What to do.", "place 7", "no owners"} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("the page lacks %q", s)
		}
	}
	for i, f := range htmltest.Find(page, "article") {
		if htmltest.Attr(f, "data-severity") == "" || htmltest.Attr(f, "data-set") == "" || htmltest.Attr(f, "data-rule") == "" {
			t.Errorf("finding %d cannot be filtered by severity, set and rule", i)
		}
	}
}

func TestHTMLWithoutFindings(t *testing.T) {
	var b bytes.Buffer
	if err := HTML(&b, &validate.Result{}, []validate.Rule{{ID: "set-job"}}, HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := htmltest.AllWords(htmltest.Find(htmltest.Parse(t, b.String()), "h1")); len(got) != 1 || got[0] != "Image mirroring: no findings" {
		t.Errorf("heading %q", got)
	}
}

// foreign returns what a page has that no template of ours wrote.
func foreign(t *testing.T, page string) []string {
	t.Helper()
	ours := strings.Fields("html head meta title style body a header h1 h2 h3 p dl div dt dd main ul li code section small article span pre mark b details summary footer script")
	var found []string
	scripts := 0
	for _, n := range htmltest.Nodes(htmltest.Parse(t, page), func(*html.Node) bool { return true }) {
		if !slices.Contains(ours, n.Data) || n.Data == "script" && scripts > 0 {
			found = append(found, "<"+n.Data+">")
		}
		if n.Data == "script" {
			scripts++
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "style" {
				found = append(found, n.Data+" "+a.Key)
			}
		}
	}
	return found
}

// One card for each cause, a jump list, people to filter by, and places that
// lead to the web.
func TestHTMLCauses(t *testing.T) {
	r := &validate.Result{}
	for _, set := range []string{"one", "two", "three"} {
		for line := range 9 {
			r.Findings = append(r.Findings, validate.Finding{
				Rule: "r", Severity: source.Warning, Pos: source.Position{File: set + "/a b#", Line: line + 1}, Message: "m",
				Cause: validate.Cause{ID: "c", Summary: "{n} lines of " + set},
			})
		}
	}
	var b strings.Builder
	err := HTML(&b, r, nil, HTMLOptions{
		Set:    func(p source.Position) string { set, _, _ := strings.Cut(p.File, "/"); return set },
		Owners: func(source.Position) []string { return []string{"alice", "bob"} },
		Link:   "https://git.example.org/shop/blob/main",
		Of:     " on commit c0ffee",
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"<article ": 3, "9 lines of one": 1, `data-owner="alice, bob"`: 3, `href="#set-two"`: 1, `id="set-two"`: 1, " more places</summary>": 3,
		`href="https://git.example.org/shop/blob/main/two/a%20b%23#L1"`: 1, "on commit c0ffee": 1,
	} {
		if n := strings.Count(b.String(), text); n != want {
			t.Errorf("%d times %s, want %d", n, text, want)
		}
	}
	if to := (Link("")).To(source.Position{File: "f"}); to != "" {
		t.Errorf("without an address: %q", to)
	}
}
