package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// TestFailuresAreGrouped lets one registry be down, one not be there, and one
// source be missing.
func TestFailuresAreGrouped(t *testing.T) {
	src := testkit.InProcess(t, nil)
	down := testkit.Serve(t, "down", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	src.Push(t, "a/b:1", testkit.Image(t, "x"))
	var lines []string
	for i := range 5 {
		lines = append(lines, fmt.Sprintf("$src/a/b:1 $dst/c/d:%d", i))
	}
	lines = append(lines, "$src/a/b:1 127.0.0.1:1/c/d:1 127.0.0.1:1/c/d:2", "$src/a/b:gone $dst/c/d:gone")
	report := run(t, plan(t, src, down, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 8})
	failures := report.Failures()
	var got []string
	for _, f := range failures {
		got = append(got, fmt.Sprintf("%s %s %d", f.Host, f.Reason, f.Entries))
		if f.Since.Before(report.Started) || f.Since.After(report.Started.Add(10*time.Minute)) {
			t.Errorf("%s: since %v, the run began at %v", f, f.Since, report.Started)
		}
	}
	want := []string{
		down.Host + " 503 Service Unavailable 5", "127.0.0.1:1 connection refused 2", src.Host + " no such source 1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
	if text := failures[0].String(); !strings.HasPrefix(text, down.Host+": 503 Service Unavailable for 5 entries since ") {
		t.Error(text)
	}
}
