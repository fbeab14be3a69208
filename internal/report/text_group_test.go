package report

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// many makes findings: causes of each severity, with some places each.
func many(causes, places int) *validate.Result {
	r := &validate.Result{}
	for _, s := range severities() {
		for c := range causes {
			for p := range places {
				r.Findings = append(r.Findings, validate.Finding{
					Rule: fmt.Sprintf("%s-%c", s, 'a'+c), Severity: s, Hint: "do something about it, and do it soon, because it will not go away",
					Pos:     source.Position{File: fmt.Sprintf("core-services/image-mirroring/a-set-with-a-long-name/mapping_a-set-with-a-long-name_%d_%d", c, p), Line: 12, Column: 3},
					Message: fmt.Sprintf("place %d of cause %d is wrong for reasons that take a while to tell, with registry.example.com/organisation/image:tag", p, c),
					Related: []validate.Related{{Pos: source.Position{File: "f", Line: 1}, Message: "seen here"}},
					Cause:   validate.Cause{ID: fmt.Sprintf("%s %d", s, c), Summary: fmt.Sprintf("{n} places of cause %d are wrong", c)},
				})
			}
		}
	}
	r.Sort()
	return r
}

func written(t *testing.T, r *validate.Result, opts TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := Text(&b, r, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextGroups(t *testing.T) {
	got := written(t, many(1, 12), TextOptions{Quiet: true})
	const file = "core-services/image-mirroring/a-set-with-a-long-name/mapping_a-set-with-a-long-name_0_"
	want := ""
	for _, s := range []string{"info", "warning", "error"} {
		want += s + ": 12 places of cause 0 are wrong [" + s + "-a]\n  --> " + file + "0:12:3\n  --> " + file + "1:12:3\n  --> " + file + "2:12:3\n" +
			"      and 9 more places\n  hint: do something about it, and do it soon, because it will not go away\n\n"
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	single := written(t, many(1, 12), TextOptions{Quiet: true, Single: true})
	if n := strings.Count(single, "  --> "); n != 36 {
		t.Errorf("%d places one by one, want 36", n)
	}
	if first := written(t, many(1, 1), TextOptions{Order: BySeverity}); !strings.HasPrefix(first, "error: ") {
		t.Errorf("by severity: %.60s", first)
	}
}

// However many findings there are, a person sees errors whole, warnings by rule
// and infos counted.
func TestTextBrief(t *testing.T) {
	got := written(t, many(20, 50), TextOptions{})
	if n := strings.Count(got, "\nerror: ") - 1; n != 20 { // one is the count
		t.Errorf("%d errors, want 20", n)
	}
	if strings.Contains(got, "info: 50 places") || !strings.Contains(got, "\ninfo: 50 info-a, ") {
		t.Error("infos are not only counted")
	}
	if n := strings.Count(got, "\n"); n > 300 {
		t.Errorf("%d lines of 3,000 findings", n)
	}
	if !strings.Contains(got, "1000 errors, 1000 warnings, 1000 info, with 60 causes\n") {
		t.Errorf("the end: %s", got[len(got)-300:])
	}
	if full := written(t, many(20, 50), TextOptions{Full: true}); strings.Count(full, "  hint: ") != 60 {
		t.Error("the full report has not all hints")
	}
}

// No line is wider than the terminal, but for a single word that is.
func TestTextWidth(t *testing.T) {
	for _, causes := range []int{1, 20} {
		for width := 40; width <= 140; width++ {
			for line := range strings.SplitSeq(written(t, many(causes, 5), TextOptions{Width: width}), "\n") {
				if utf8.RuneCountInString(line) > width && len(strings.Fields(line)) > 1 && !strings.HasPrefix(line, "      mapping_") {
					t.Fatalf("width %d: %d characters: %s", width, utf8.RuneCountInString(line), line)
				}
			}
		}
	}
}

func TestTextOwners(t *testing.T) {
	r := many(2, 1)
	owners := func(p source.Position) []string {
		if strings.HasSuffix(p.File, "_0_0") {
			return []string{"alice", "bob"}
		}
		return nil
	}
	got := written(t, r, TextOptions{Owners: owners, Quiet: true})
	if n := strings.Count(got, "== "); n != 2 || strings.Index(got, "== "+nobody) > strings.Index(got, "== alice, bob") {
		t.Errorf("owners:\n%s", got)
	}
}

// A digest names no place twice, and counts the causes that it leaves out.
func TestTextDigest(t *testing.T) {
	r := many(brief, 1)
	for c, line := range []int{7, 7, 8, 9, 10} {
		r.Findings = append(r.Findings, validate.Finding{Rule: "twice", Severity: source.Warning, Message: fmt.Sprint(c), Pos: source.Position{File: "jobs.yaml", Line: line}})
	}
	got := written(t, r, TextOptions{})
	const want = "[twice]\n  --> jobs.yaml:7\n  --> jobs.yaml:8\n  --> jobs.yaml:9\n      and 2 more causes: --select twice\n"
	if !strings.Contains(got, want) {
		t.Errorf("want\n%s\nin\n%s", want, got)
	}
}

// A report that leaves out known findings does not claim that there are none.
func TestTextNothing(t *testing.T) {
	for fresh, want := range map[bool]string{false: "no findings\n", true: "no new findings\n"} {
		if got := written(t, &validate.Result{}, TextOptions{New: fresh}); got != want {
			t.Errorf("New %v: %q, want %q", fresh, got, want)
		}
	}
}
