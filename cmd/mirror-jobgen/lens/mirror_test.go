package lens

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	htmllens "sigs.k8s.io/prow/pkg/spyglass/lenses/html"
	junitlens "sigs.k8s.io/prow/pkg/spyglass/lenses/junit"

	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// mirrored is the report of a run with an entry of each kind, and an error that
// looks like markup.
func mirrored() *mirror.Report {
	entry := func(dst string, outcome mirror.Outcome) mirror.Entry {
		return mirror.Entry{File: "mapping_team", Line: 1, Source: "a.io/b:1", Destination: dst, Outcome: outcome, Seconds: 2}
	}
	failed, flaky, skipped := entry("c.io/failed:1", mirror.Failed), entry("c.io/flaky:1", mirror.Copied), entry("c.io/missing:1", mirror.Missing)
	failed.Error = "the registry said <no onclick=x> & \"never\" &lt;b onclick=y> \x1b[31m"
	flaky.Retries, flaky.Retried = 2, "503 Service Unavailable"
	return &mirror.Report{Mode: mirror.ModeRun, Seconds: 9, Entries: []mirror.Entry{
		failed, flaky, skipped, entry("c.io/passed:1", mirror.Copied), entry("c.io/passed:2", mirror.Unchanged),
	}, Summary: map[mirror.Outcome]int{mirror.Failed: 1, mirror.Copied: 2, mirror.Missing: 1, mirror.Unchanged: 1}}
}

// The JUnit lens shows what failed as failed, and what needed a second try as
// flaky.
func TestMirrorJUnit(t *testing.T) {
	body := show(t, junitlens.Lens{}, "junit_mirror.xml", func(b *bytes.Buffer) error { return runreport.JUnit(b, mirrored()) })
	shown := htmltest.Words(body)
	for _, want := range []string{
		`1/5 Tests Failed\.`, `1/5 Tests Flaky\.`, `2/5 Tests Passed`, `1/5 Tests Skipped`, "mapping_team: c.io/failed:1",
		"mapping_team: c.io/flaky:1", `the registry said <no onclick=x> & "never" &lt;b onclick=y>`, "retried 2 times, first after: 503",
	} {
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("the lens does not say %s: %s", want, shown)
		}
	}
	if n := htmltest.Find(body, "no"); len(n) > 0 {
		t.Error("an error became an element")
	}
}

// The HTML lens shows the page as it is, with its title as the heading and its
// description as a tooltip.
func TestMirrorHTML(t *testing.T) {
	var page bytes.Buffer
	write := func(b *bytes.Buffer) error { return runreport.HTML(b, mirrored(), "v1") }
	if err := write(&page); err != nil {
		t.Fatal(err)
	}
	body := show(t, htmllens.Lens{}, "mirror-summary.html", write)
	if shown := htmltest.Words(body); !strings.Contains(shown, "mirror run: 1 failed, 1 missing, 2 copied, 1 unchanged") {
		t.Errorf("the lens has the heading %.200s", shown)
	}
	if tip := attribute(body, "abbr", "title"); !strings.Contains(tip, "What was mirrored") {
		t.Errorf("the lens has the tooltip %q", tip)
	}
	frame := htmltest.Parse(t, attribute(body, "iframe", "srcdoc"))
	if inFrame, want := htmltest.Words(frame), htmltest.Words(htmltest.Parse(t, page.String())); inFrame != want {
		t.Errorf("in the frame:\n%s\nby itself:\n%s", inFrame, want)
	}
	if n := htmltest.Find(frame, "[onclick]"); len(n) > 0 {
		t.Errorf("an error became an attribute of <%s>", n[0].Data)
	}
}
