package mirror_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// A registry that fails until no more is tried has not said that it misses
// something: nothing is sent to it.
func TestTroubleIsNoAbsence(t *testing.T) {
	src, dst, log, lines := moved(t, "v1")
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if strings.HasSuffix(class, " manifest") && strings.Contains(r.URL.Path, "/sha256:") {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		return false
	}
	c := registry.New(registry.Options{Retry: registry.Retry{Attempts: 50, Base: time.Millisecond, Max: time.Millisecond, PerImage: 1}})
	defer c.Close()
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: c})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 1})
	if e := report.Entries[0]; e.Cause != mirror.CauseUnavailable || !strings.Contains(e.Error, "not tried again") {
		t.Errorf("%+v", e)
	}
	if n := log.Count("mount", "POST upload", "PUT upload", "PUT manifest"); n != 0 {
		t.Errorf("it was sent something: %q", log.Requests())
	}
}

// What a registry fails for one tag in spite of all attempts is asked again for
// the next.
func TestFailuresAreForgotten(t *testing.T) {
	const empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // of {}
	for _, tt := range []struct {
		name  string
		opts  mirror.Options
		fails func(r *http.Request, class string) bool
	}{
		{"the empty blob of records", mirror.Options{Overwrite: mirror.OverwriteOurs}, func(r *http.Request, class string) bool {
			return class == "PUT upload" && strings.HasSuffix(r.URL.RawQuery, empty)
		}},
		{"the tags of the source", mirror.Options{Referrers: true}, func(_ *http.Request, class string) bool { return class == "tags" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log testkit.Recorder
			var failed atomic.Int64
			log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if tt.fails(r, class) && failed.Add(1) <= 4 { // the attempts of the client
					w.WriteHeader(http.StatusInternalServerError)
					return true
				}
				return false
			}
			both := testkit.InProcess(t, log.Wrap)
			both.Push(t, "a/b:v1", testkit.Image(t, "1"))
			both.Push(t, "a/b:v2", testkit.Image(t, "2"))
			opts := tt.opts
			opts.Client, opts.Parallel = client(t), 1
			report := run(t, plan(t, both, both, "$src/a/b:v1 $dst/c/d:v1", "$src/a/b:v2 $dst/c/d:v2"), opts)
			wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 1, mirror.Copied: 1})
			if report.Entries[0].Cause != mirror.CauseUnavailable || failed.Load() != 5 {
				t.Errorf("%d requests, %+v", failed.Load(), report.Entries[0])
			}
		})
	}
}

// A run that is cancelled comes back when nothing of it is at work any more.
func TestRunLeavesNothingBehind(t *testing.T) {
	src := testkit.InProcess(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	})
	dst := testkit.InProcess(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var over atomic.Bool
	c := registry.New(registry.Options{Clock: registry.Clock{Sleep: func(ctx context.Context, _ time.Duration) error {
		cancel()
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond) // so that who does not wait comes back before
		over.Store(true)
		return ctx.Err()
	}}})
	defer c.Close()
	report, err := mirror.Run(ctx, plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1"), mirror.Options{Client: c})
	if err != nil {
		t.Fatal(err)
	}
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Interrupted: 1})
	if !over.Load() {
		t.Error("the source is still asked")
	}
}
