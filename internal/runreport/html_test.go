package runreport

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// parsed renders a report and parses it as a browser does.
func parsed(t *testing.T, r *mirror.Report) (*html.Node, string) {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r, "v1"); err != nil {
		t.Fatal(err)
	}
	return htmltest.Parse(t, b.String()), b.String()
}

func TestHTML(t *testing.T) {
	r := realReport(t, mirror.ModeRun)
	doc, _ := parsed(t, r)
	title := htmltest.Nodes(doc, func(n *html.Node) bool { return n.Data == "title" })
	meta := htmltest.Nodes(doc, func(n *html.Node) bool { return n.Data == "meta" && htmltest.Attr(n, "name") == "description" })
	if len(title) != 1 || htmltest.Words(title[0]) != "mirror run: 1 failed, 3 copied, 1 unchanged" || len(meta) != 1 || htmltest.Attr(meta[0], "content") == "" {
		t.Errorf("the title is %q, descriptions: %d", htmltest.Words(title[0]), len(meta))
	}
	text := htmltest.Words(doc)
	src, dst := Host(r.Entries[0].Source), Host(r.Entries[0].Destination)
	for _, want := range []string{
		"What to do " + src + ": no such source for 1 entry since ",
		"To do: check whether the source is still built and promoted",
		dst + "/a/gone:v1 from " + src + "/team/gone:v1 , sets/team/mapping_team_latest:2:",
		"mapping_team_latest 3 1 2 0 0 0 ", "mapping_web 2 0 1 1 0 0 ",
		"Registries that limited the rate " + src + " asked for 1.0 s",
		"retried once, first after: GET",
		"1 unchanged destinations is unknown",
		"mapping_web: 1 unchanged " + dst + "/b/web:v1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, e := range r.Entries {
		if !strings.Contains(text, e.Destination) {
			t.Errorf("%s is not on the page", e.Destination)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// A check shows what differs, and what to do about it.
func TestHTMLOfCheck(t *testing.T) {
	doc, _ := parsed(t, realReport(t, mirror.ModeCheck))
	if text := htmltest.Words(doc); !strings.Contains(text, "3 destinations that do not exist To do: mirror run updates them") {
		t.Errorf("the page says %s", text)
	}
}

// A mapping file that was left out is reported first and fails the run.
func TestLeftOut(t *testing.T) {
	r := realReport(t, mirror.ModeCheck)
	r.Entries = r.Entries[4:]
	r.Problems = []mirror.Problem{{File: "sets/x/mapping_x", Line: 3, Column: 4, Message: "a tab is not a separator", Hint: "write a blank"}}
	if r.OK() {
		t.Error("a run without a mapping file is fine")
	}
	doc, _ := parsed(t, r)
	if text := htmltest.Words(doc); !strings.Contains(text, "What to do 1 mapping file left out To do: fix the lines") || !strings.Contains(text, "sets/x/mapping_x:3:4 : a tab is not a separator write a blank") {
		t.Errorf("the page says %s", text)
	}
	// The file is no reason for what became of the destinations of others.
	whole := realReport(t, mirror.ModeRun)
	whole.Problems = r.Problems
	doc, _ = parsed(t, whole)
	if text := htmltest.Words(doc); !strings.Contains(text, "1 of 5 destinations failed, for 1 reason: see below") {
		t.Errorf("the page says %s", text)
	}
	suite := suite(t, r)
	if c := suite.Cases[0]; suite.Failures < 1 || c.Class != "mapping_x" || c.Failure == nil || !strings.Contains(c.Failure.Text, "the file was left out: a tab is not a separator\nwrite a blank") {
		t.Errorf("the first case is %+v", c)
	}
	var b bytes.Buffer
	Text{W: &b, Mode: r.Mode}.Summary(r)
	if !strings.Contains(b.String(), "\n1 mapping file left out\nerror: sets/x/mapping_x:3:4: a tab is not a separator\nhint: write a blank\n") {
		t.Errorf("the text is %s", b.String())
	}
}

// large is the report of a run over 7,700 destinations.
func large(outcome mirror.Outcome) *mirror.Report {
	r := &mirror.Report{Version: 1, Mode: mirror.ModeRun, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seconds: 900, Summary: map[mirror.Outcome]int{outcome: 7700}}
	for i := range 7700 {
		e := mirror.Entry{
			File: fmt.Sprintf("/etc/imagemirror/mapping_team_%d", i%150), Line: i / 150, Column: 60,
			Source: fmt.Sprintf("registry.example/team-%d/release-4.20:component-with-a-name-%d", i%150, i), Destination: fmt.Sprintf("quay.example/team-%d/component-with-a-name-%d:4.20", i%150, i),
			Outcome: outcome, Digest: "sha256:" + strings.Repeat("0", 64), Started: float64(i) / 9, Seconds: 8,
		}
		if outcome == mirror.Copied {
			e.Size, e.Blobs, e.Bytes, e.Requests = 1<<28, 7, 1<<20, 20
			e.Waits = []throttle.Wait{{For: throttle.WaitSlot, On: "quay.example", Seconds: 1}, {For: throttle.WaitImage, On: fmt.Sprintf("quay.example/team-%d/x", i%150), Seconds: 2}}
		}
		r.Entries = append(r.Entries, e)
	}
	return r
}

// The page of a large run has every destination and stays small; the timeline
// does not grow with it.
func TestLargeHTML(t *testing.T) {
	for outcome, limit := range map[mirror.Outcome]int{mirror.Unchanged: 1_500_000, mirror.Copied: 7_000_000} {
		doc, text := parsed(t, large(outcome))
		if len(text) > limit {
			t.Errorf("%s: %d bytes, want at most %d", outcome, len(text), limit)
		}
		items := htmltest.Nodes(doc, func(n *html.Node) bool { return htmltest.Attr(n, "data-set") != "" })
		lanes := htmltest.Nodes(doc, func(n *html.Node) bool { return htmltest.Attr(n, "class") == "lane" })
		if len(items) != 7700 || len(lanes) > maxSetLanes+maxSlowest {
			t.Errorf("%s: %d destinations and %d lanes, want 7700 and at most %d", outcome, len(items), len(lanes), maxSetLanes+maxSlowest)
		}
		t.Logf("%s: %d bytes", outcome, len(text))
	}
}

// No text becomes markup, and the page sends no request.
func TestHostileHTML(t *testing.T) {
	evil := `"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>'&lt;script&gt;{{.}}` + "\x1b[31m\u202e\x00"
	r := hostile(evil)
	r.Hosts = []throttle.HostStats{{Host: evil, Requests: 1, Paused: 1, Pauses: []throttle.Pause{{At: r.Started, Seconds: 1}}}}
	r.Entries[1].Outcome, r.Seconds = mirror.Unchanged, 2
	r.Entries[0].Seconds, r.Entries[0].Waits = 1, []throttle.Wait{{For: evil, On: evil, Seconds: 1}}
	doc, text := parsed(t, r)
	want, _ := parsed(t, realReport(t, mirror.ModeRun))
	for _, tag := range []string{"script", "style"} {
		named := func(n *html.Node) bool { return n.Data == tag }
		if a, b := len(htmltest.Nodes(doc, named)), len(htmltest.Nodes(want, named)); a != b {
			t.Errorf("%d <%s>, want %d", a, tag, b)
		}
	}
	bad := htmltest.Nodes(doc, func(n *html.Node) bool {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || (a.Key == "src" || a.Key == "href") && !strings.HasPrefix(a.Val, "#") {
				return true
			}
		}
		return n.Data == "img" || n.Data == "iframe" || n.Data == "link"
	})
	if len(bad) > 0 {
		t.Errorf("an element that asks or runs: %+v", bad[0])
	}
	if i := strings.IndexAny(text, "\x1b\x00\u202e"); i >= 0 {
		t.Errorf("control character at %d", i)
	}
	if m := regexp.MustCompile(`url\(|@import`).FindString(text); m != "" {
		t.Errorf("the style has %s", m)
	}
}

// A registry that was tried by https before it was spoken to over plain http did
// not refuse anything; one that never answered did.
func TestProbes(t *testing.T) {
	plain := throttle.HostStats{By: []throttle.Count{
		{Request: "GET ping", Status: 0, Count: 1}, {Request: "GET ping", Status: 200, Count: 1}, {Request: "GET blob", Status: 0, Count: 3},
	}}
	dead := throttle.HostStats{By: []throttle.Count{{Request: "GET ping", Status: 0, Count: 2}}}
	if a, b := probes(plain), probes(dead); a != 1 || b != 0 {
		t.Errorf("%d probes and %d, want 1 and 0", a, b)
	}
	for want, s := range map[string]throttle.HostStats{"no answer × 3": plain, "no answer × 2": dead} {
		s.Host = "a.io"
		doc, _ := parsed(t, &mirror.Report{Mode: mirror.ModeRun, Hosts: []throttle.HostStats{s}})
		if text := htmltest.Words(doc); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
}
