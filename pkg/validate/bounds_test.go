package validate_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

const team = "core-services/image-mirroring/team/"

func run(t *testing.T, tree fstest.MapFS) *validate.Result {
	t.Helper()
	l, err := release.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	return validate.Run(l, validate.Rules()...)
}

// A rule keeps a limited number of findings. One more finding counts the others
// and has their highest severity.
func TestFindingsAreCapped(t *testing.T) {
	var b strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&b, "r.io/a:%d  q.io/a:%d\n", i, i)
	}
	r := run(t, fstest.MapFS{team + "mapping_team": {Data: []byte(b.String())}})
	count := map[string]int{}
	for _, f := range r.Findings {
		count[f.Rule]++
	}
	last := ""
	for _, f := range r.Findings {
		if f.Rule == "mapping-format" {
			last = f.Pos.String() + ": " + f.Message
		}
	}
	if count["mapping-format"] != 2001 || last != team+"mapping_team:2001: there are 28000 more findings of this rule" {
		t.Errorf("%v, %s", count, last)
	}
}

// The time for a file in which every line is wrong is linear.
func TestManyWrongLines(t *testing.T) {
	r := run(t, fstest.MapFS{team + "mapping_team": {Data: []byte(strings.Repeat("a\tb\n", 150_000))}})
	var last validate.Finding
	n := 0
	for _, f := range r.Findings {
		if f.Rule == "mapping-syntax" {
			n, last = n+1, f
		}
	}
	if n != 1001 || last.Message != "there are 149000 more problems from here on" || last.Pos.Line != 1001 {
		t.Errorf("%d findings, the last %+v", n, last)
	}
}

// A finding about many overlapping wildcards names some of them and counts the
// rest.
func TestManyWildcards(t *testing.T) {
	var b strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&b, "r.io/l%d:f* q.io/f\n", i)
	}
	places := 0
	for _, f := range run(t, fstest.MapFS{team + "mapping_team": {Data: []byte(b.String())}}).Findings {
		places += len(f.Related)
	}
	if places > 250_000 {
		t.Errorf("%d places", places)
	}
	b.Reset()
	for i := range 20_000 {
		fmt.Fprintf(&b, "r.io/l%d:f* q.io/f\n", i)
	}
	for _, f := range run(t, fstest.MapFS{team + "mapping_team": {Data: []byte(b.String())}}).Findings {
		if f.Rule == "duplicate-destination" && f.Message == "20000 wildcards and 0 tags write to q.io/f: they are too many to be compared" {
			return
		}
	}
	t.Error("nothing is said of wildcards that are not compared")
}
