package effectreport

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

// render returns an effect as a comment.
func render(t *testing.T, e *effects.Effect) string {
	t.Helper()
	var b bytes.Buffer
	if err := Markdown(&b, Change{Effect: e}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// writer is the only line that writes a destination.
func writer(line int, source string) []effects.Writer {
	return []effects.Writer{{Place: effects.Place{File: "sets/shop/mapping_shop", Line: line}, Set: "shop", Source: source}}
}

// Lines whose sources move to another registry or namespace are one item; the
// others stay by themselves.
func TestMovesAreGrouped(t *testing.T) {
	e := &effects.Effect{}
	add := func(line int, name, old, now string) {
		e.Destinations = append(e.Destinations, effects.Destination{
			Name: "quay.io/shop/" + name, Change: effects.Source, Set: "shop", Before: writer(line, old), After: writer(line, now),
		})
	}
	for i := 1; i <= 3; i++ {
		add(i, fmt.Sprintf("a:%d", i), fmt.Sprintf("reg.invalid:5000/old/a:%d", i), fmt.Sprintf("reg.invalid:5000/new/a:%d", i))
	}
	add(4, "b:1", "reg.invalid/x/b:1", "reg.invalid/x/b:2")                             // another tag
	add(5, "c:1", "one.invalid/x/c:1", "two.invalid/x/c:1")                             // only two lines move in this way
	add(6, "d:1", "one.invalid/x/d:1", "two.invalid/x/d:1")                             //
	add(7, "e:1", "reg.invalid:5000/old/e@sha256:1", "reg.invalid:5000/new/e@sha256:1") // a digest
	got := render(t, e)
	for _, want := range []string{
		"**Image mirroring:** 7 destinations take another image.", "<b>Take another image</b> (7)",
		"  - `quay.io/shop/a:1`, `quay.io/shop/a:2`, `quay.io/shop/a:3` from `reg.invalid:5000/new/…` instead of `reg.invalid:5000/old/…`; the rest of each name is the same (`mapping_shop:1` and 2 other lines)\n",
		"  - `quay.io/shop/b:1` from `reg.invalid/x/b:2` instead of `reg.invalid/x/b:1` (`mapping_shop:4`)\n",
		"  - `quay.io/shop/c:1` from `two.invalid/x/c:1` instead of `one.invalid/x/c:1` (`mapping_shop:5`)\n",
		"  - `quay.io/shop/d:1` from `two.invalid/x/d:1` instead of `one.invalid/x/d:1` (`mapping_shop:6`)\n",
		"  - `quay.io/shop/e:1` from `reg.invalid:5000/new/e@sha256:1` instead of `reg.invalid:5000/old/e@sha256:1` (`mapping_shop:7`)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "  - "); n != 5 {
		t.Errorf("%d items, want 5:\n%s", n, got)
	}
	var page bytes.Buffer
	if err := HTML(&page, Change{Effect: e}, "v1"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(page.String(), "<li data-item>"); n != len(e.Destinations) {
		t.Errorf("the page has %d items for %d lines", n, len(e.Destinations))
	}
}

// Names without a common end move from repository to repository.
func TestMoveOf(t *testing.T) {
	for _, c := range []struct{ old, now, want string }{
		{"a.invalid/x/y:1", "b.invalid/x/y:1", "a.invalid/… b.invalid/…"},
		{"a.invalid/x/y:1", "a.invalid/z:1", "a.invalid/x/y:… a.invalid/z:…"},
		{"a.invalid/x/y:1", "a.invalid/x/z/y:1", "a.invalid/x/… a.invalid/x/z/…"},
		{"a.invalid/x/y:1", "a.invalid/x/y:2", ""},
		{"a.invalid:5000/x/y", "b.invalid:5000/x/y", ""},
		{"a.invalid/x/y:*", "b.invalid/x/y:*", ""},
	} {
		m, ok := moveOf(effects.Destination{Name: "quay.io/shop/a:1", Before: writer(1, c.old), After: writer(1, c.now)})
		if got := strings.TrimSpace(m.old + " " + m.now); got != c.want || ok != (c.want != "") {
			t.Errorf("%s to %s: %q, %v", c.old, c.now, got, ok)
		}
	}
}

// What several jobs have in common is listed once, with all of them; no change
// of a job is lost.
func TestJobsAreGrouped(t *testing.T) {
	text := func(s string) effects.Field { return effects.Field{Name: s, Text: effects.Words{effects.Say(s)}} }
	job := func(name string, line int, fields ...effects.Field) effects.Job {
		return effects.Job{Place: effects.Place{File: "jobs.yaml", Line: line}, Name: name, Change: effects.JobChanged, Fields: fields}
	}
	e := &effects.Effect{Jobs: []effects.Job{
		{Place: effects.Place{File: "jobs.yaml", Line: 1}, Name: "old", Change: effects.JobRemoved, Fields: []effects.Field{text("runs never")}},
		job("a", 2, text("own of a"), text("runs 2"), text("runs 2")),
		job("b", 3, text("runs 2"), text("mounts s")),
		job("c", 4, text("runs 2"), text("mounts s")),
		job("d", 5, text("own of d")),
		{Place: effects.Place{File: "jobs.yaml", Line: 6}, Name: "new", Change: effects.JobAdded, Fields: []effects.Field{text("runs 2")}},
	}}
	const want = `<!-- mirror-jobgen diff -->
**Image mirroring:** no image is mirrored differently; 1 job is added, 4 jobs change, 1 job is removed.

<details open><summary><b>Jobs</b> (6): changes in the periodics</summary>

- ~old~ is removed (~jobs.yaml:1~)
- ~a~, ~b~, ~c~: each
  - runs 2 (~jobs.yaml:2~ and 2 other lines)
- ~b~, ~c~: each
  - mounts s (~jobs.yaml:3~ and 1 other line)
- ~a~
  - own of a (~jobs.yaml:2~)
- ~d~
  - own of d (~jobs.yaml:5~)
- ~new~ is added: it
  - runs 2 (~jobs.yaml:6~)

</details>
`
	if got := strings.ReplaceAll(render(t, e), "`", "~"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
