package runreport

import (
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// A failure is counted for the registry that caused it: a missing source is not
// the fault of the destination's registry, a destination that differs is.
func TestFailuresByRegistry(t *testing.T) {
	entry := func(to string, o mirror.Outcome, cause mirror.Cause, host string) mirror.Entry {
		return mirror.Entry{Source: "src.invalid/a:1", Destination: to, Outcome: o, Cause: cause, Host: host, Started: 1, Seconds: 2}
	}
	r := &mirror.Report{
		Seconds: 10, Hosts: []throttle.HostStats{{Host: "src.invalid"}, {Host: "dst.invalid"}},
		Entries: []mirror.Entry{
			entry("dst.invalid/a:gone", mirror.Failed, mirror.CauseSourceMissing, "src.invalid"),
			entry("dst.invalid/a:denied", mirror.Failed, mirror.CauseDenied, "dst.invalid"),
			entry("dst.invalid/a:other", mirror.Differs, "", ""),
			entry("dst.invalid/a:ended", mirror.Interrupted, mirror.CauseInterrupted, ""),
			entry("dst.invalid/a:schema1", mirror.Failed, mirror.CauseUnsupported, ""),
		},
	}
	h := newHTML(r)
	if src, dst := h.Hosts[0], h.Hosts[1]; src.Failed != 1 || dst.Failed != 2 || dst.Targets != 5 {
		t.Errorf("source: %d failures; destination: %d failures of %d; want 1; 2 of 5", src.Failed, dst.Failed, dst.Targets)
	}
	bad := map[string]bool{}
	for _, l := range h.Timeline.Slowest {
		bad[l.Name] = l.Bad
	}
	if bad["dst.invalid/a:gone"] || !bad["dst.invalid/a:denied"] {
		t.Errorf("drawn as failed: %v", bad)
	}
	// The engine's own report for a missing source.
	real := newHTML(realReport(t, mirror.ModeRun))
	src, dst := Host(real.Report.Entries[0].Source), Host(real.Report.Entries[0].Destination)
	for _, row := range real.Hosts {
		if want := map[string]int{src: 1, dst: 0}[row.Host]; row.Failed != want {
			t.Errorf("%s: %d failures, want %d", row.Host, row.Failed, want)
		}
	}
}

// Slowest destinations are in the order of how long they took,
// whenever they began.
func TestSlowestFirst(t *testing.T) {
	r := &mirror.Report{Seconds: 100}
	for i, seconds := range []float64{2, 9, 4, 30, 1} {
		r.Entries = append(r.Entries, mirror.Entry{Destination: "q.invalid/a:" + string(rune('a'+i)), Outcome: mirror.Copied, Started: float64(10 * i), Seconds: seconds})
	}
	var got []string
	for _, l := range newTimeline(r).Slowest {
		got = append(got, strings.TrimPrefix(l.Name, "q.invalid/a:"))
	}
	if want := strings.Split("d b c a e", " "); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A plan cannot know whether a registry accepts a mount: it shows what is sent
// with and without mounts.
func TestPlanOfMounts(t *testing.T) {
	summary := func(m mirror.Moved) string {
		var b strings.Builder
		r := &mirror.Report{Mode: mirror.ModePlan, Moved: m, Entries: []mirror.Entry{{Source: "s.invalid/a:1", Destination: "d.invalid/a:1", Outcome: mirror.Planned}}}
		Text{W: &b, Mode: r.Mode}.planned(r)
		return b.String()
	}
	m := mirror.Moved{Blobs: 9, BlobBytes: 3 << 20, Mounts: 2, MountedBytes: 1 << 20, Manifests: 5}
	want := "plan: 1 to add, 3.0 MiB in 9 blobs, 2 blobs to mount (1.0 MiB more to send if mounts are declined), 5 manifests, about 50 requests (up to 58 if mounts are declined)\n"
	if got := summary(m); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	m.Mounts, m.MountedBytes = 0, 0
	if got := summary(m); strings.Contains(got, "declined") {
		t.Errorf("nothing is to be mounted: %q", got)
	}
}
