package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// A source that is written in the same run is mirrored with its content before
// the run, whatever the order of lines, and the report notes it.
func TestChain(t *testing.T) {
	for _, between := range []int{0, 40} {
		for _, reversed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d lines between, reversed %v", between, reversed), func(t *testing.T) {
				r := testkit.InProcess(t, nil)
				r.Push(t, "x/a:1", testkit.Image(t, "a"))
				old := r.Push(t, "x/b:1", testkit.Image(t, "b"))
				r.Push(t, "x/c:1", testkit.Image(t, "c"))
				lines := []string{"$src/x/a:1 $src/x/b:1"}
				for i := range between {
					r.Push(t, fmt.Sprintf("f/s%d:1", i), testkit.Image(t, fmt.Sprint("filler", i)))
					lines = append(lines, fmt.Sprintf("$src/f/s%d:1 $src/g/s%d:1", i, i))
				}
				lines = append(lines, "$src/x/b:1 $src/x/c:1")
				if reversed {
					lines[0], lines[len(lines)-1] = lines[len(lines)-1], lines[0]
				}
				report := chained(t, plan(t, r, r, lines...), mirror.Options{Client: client(t, r)})
				if got := r.Digest("x/c:1"); got != old {
					t.Errorf("the end of the chain got %s, want what the middle held before: %s", got, old)
				}
				if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "/x/b:1 is also written in this run (from ") {
					t.Errorf("notes: %q", report.Notes)
				}
			})
		}
	}
}

// chained is run without comparing sources, which have moved since.
func chained(t *testing.T, p *mirror.Plan, opts mirror.Options) *mirror.Report {
	t.Helper()
	report, err := mirror.Run(t.Context(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A refused password is found before any write, with one request for each
// repository, whatever the number of tags.
func TestCredentialBeforeTheWork(t *testing.T) {
	for _, mode := range []mirror.Mode{mirror.ModeRun, mirror.ModePlan, mirror.ModeCheck} {
		t.Run(string(mode), func(t *testing.T) {
			var log, good testkit.Recorder
			src := testkit.InProcess(t, nil)
			dst := testkit.InProcess(t, func(h http.Handler) http.Handler { return log.Wrap(testkit.Basic("robot", "right", h)) })
			other := testkit.InProcess(t, good.Wrap)
			var lines []string
			for i := range 30 {
				src.Push(t, fmt.Sprintf("a/b:v%d", i), testkit.Image(t, fmt.Sprint(i)))
				lines = append(lines, fmt.Sprintf("$src/a/b:v%d $dst/c/d:v%d", i, i))
			}
			lines = append(lines, "$src/a/b:v1 "+other.Host+"/e/f:v1")
			refusedWhen := -1
			good.Fault = func(_ http.ResponseWriter, r *http.Request, _ string, _ int) bool {
				if r.Method != http.MethodGet && r.Method != http.MethodHead && refusedWhen < 0 {
					refusedWhen = log.Count("HEAD manifest")
				}
				return false
			}
			dst.User, dst.Password = "robot", "wrong"
			report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t, dst), Mode: mode})
			want := mirror.Unknown
			if mode == mirror.ModeRun {
				want = mirror.Failed
			}
			for _, e := range report.Entries {
				if strings.HasPrefix(e.Destination, other.Host) {
					continue
				}
				if e.Outcome != want || e.Cause != mirror.CauseDenied || e.Host != dst.Host {
					t.Fatalf("%s: %s %s: %s", e.Destination, e.Outcome, e.Cause, e.Error)
				}
			}
			if report.OK() {
				t.Error("the run is called fine")
			}
			if f := report.Failures(); len(f) == 0 || f[0].Entries != 30 {
				t.Errorf("failures: %v", f)
			}
			if n := log.Count("HEAD manifest"); n > 4 {
				t.Errorf("%d looks at a repository that refuses us: %q", n, log.Requests())
			}
			if mode == mirror.ModeRun && refusedWhen < 1 {
				t.Errorf("the other registry was written to before the refusal was known (%d looks)", refusedWhen)
			}
		})
	}
}

// Two sources that are copied from each other are an error before the first
// request.
func TestCycle(t *testing.T) {
	for _, tt := range []struct{ lines, want string }{
		{"a.io/b:1 c.io/d:1\nc.io/d:1 a.io/b:1\n", "m:1:1: a.io/b:1 and c.io/d:1 are copied from each other (m:1:10, m:2:10)"},
		{"a.io/b:1 c.io/d:1\nc.io/d:1 e.io/f:1\ne.io/f:1 a.io/b\n", "are copied from each other in a circle"},
		{"busybox:1 c.io/d:1\nc.io/d:1 docker.io/library/busybox:1\n", "are copied from each other"},
		{"a.io/b:1 c.io/d:1\nc.io/d:1 e.io/f:1\n", ""},
		{"a.io/b:1 c.io/d:1\nc.io/d:2 a.io/b:1\n", ""},
	} {
		_, err := mirror.NewPlan([]*mapping.File{mapping.Parse("m", []byte(tt.lines))}, mirror.PlanOptions{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%q: %v, want %q", tt.lines, err, tt.want)
		}
	}
}
