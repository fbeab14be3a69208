package mirror_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// A registry that fails until the retries are used up has not reported anything
// as missing, so nothing is sent to it.
func TestTroubleIsNoAbsence(t *testing.T) {
	src, dst, log, lines := moved(t, "v1")
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if strings.HasSuffix(class, " manifest") && strings.Contains(r.URL.Path, "/sha256:") {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		return false
	}
	c := registry.New(registry.Options{Retry: retry.Policy{Attempts: 50, Base: time.Millisecond, Max: time.Millisecond, PerImage: 1}})
	defer c.Close()
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: c})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 1})
	if e := report.Entries[0]; e.Cause != mirror.CauseUnavailable || !strings.Contains(e.Error, "not retried: the retry budget") {
		t.Errorf("%+v", e)
	}
	if n := log.Count("mount", "POST upload", "PUT upload", "PUT manifest"); n != 0 {
		t.Errorf("it was sent something: %q", log.Requests())
	}
}

// A deep check reports missing parts only if the registry answers that they do
// not exist.
func TestTroubleIsNoDifference(t *testing.T) {
	var log testkit.Recorder
	src, dst := strict.New(strict.Options{}), strict.New(strict.Options{})
	var child v1.Descriptor
	for g, repo := range map[*strict.Registry]string{src: "a/b", dst: "c/d"} {
		child = g.Image(repo, "", "child")
		g.Index(repo, "v1", strict.For("linux", "amd64", child))
	}
	from, to := src.Serve(t, nil), dst.Serve(t, log.Wrap)
	check := func() *mirror.Report {
		return run(t, plan(t, from, to, "$src/a/b:v1 $dst/c/d:v1"), mirror.Options{Client: client(t), Mode: mirror.ModeCheck, Deep: true})
	}
	wantSummary(t, check(), map[mirror.Outcome]int{mirror.Unchanged: 1})
	for _, class := range []string{"HEAD manifest", "HEAD blob"} {
		log.Fault = func(w http.ResponseWriter, r *http.Request, have string, _ int) bool {
			fails := strings.HasSuffix(r.URL.Path, child.Digest.String()) || have == "HEAD blob"
			if fails && strings.HasSuffix(have, class[len("HEAD "):]) {
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
			return false
		}
		report := check()
		wantSummary(t, report, map[mirror.Outcome]int{mirror.Unknown: 1})
		if e := report.Entries[0]; e.Cause != mirror.CauseUnavailable {
			t.Errorf("%s: %+v", class, e)
		}
	}
	log.Fault = nil
	dst.Drop("c/d", child.Digest)
	wantSummary(t, check(), map[mirror.Outcome]int{mirror.Differs: 1})
}

// A destination without the repository rejects an upload with 404: the source
// is not to blame, even if its layer may be stored elsewhere.
func TestNoRepositoryIsNoMissingBlob(t *testing.T) {
	src := strict.New(strict.Options{})
	foreign := src.Blob("a/b", []byte("x"))
	foreign.URLs = []string{"https://127.0.0.1:1/x"}
	src.Image("a/b", "v1", "x", foreign)
	var log testkit.Recorder
	log.Fault = func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		if r.URL.Path != "/v2/" {
			strict.Refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "the repository does not exist")
			return true
		}
		return false
	}
	report := run(t, plan(t, src.Serve(t, nil), testkit.InProcess(t, log.Wrap), "$src/a/b:v1 $dst/c/d:v1"), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 1})
	if e := report.Entries[0]; e.Cause != mirror.CauseRefused || !strings.Contains(e.Error, "copying the blob") || !strings.Contains(e.Error, "NAME_UNKNOWN") {
		t.Errorf("%+v", e)
	}
	if len(report.Notes) > 0 {
		t.Errorf("notes: %q", report.Notes)
	}
}

// A request that failed for one tag after all attempts is sent again for the
// next tag.
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
		{"a child of both", mirror.Options{}, func(r *http.Request, class string) bool {
			return class == "PUT manifest" && strings.Contains(r.URL.Path, "/c/d/manifests/sha256:")
		}},
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
			child := map[string]mutate.Appendable{"linux/amd64": testkit.Image(t, "child")}
			both.Push(t, "a/b:v1", testkit.Index(t, child, "linux/amd64"))
			both.Push(t, "a/b:v2", testkit.Index(t, child, "linux/amd64"))
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

// A cancelled run returns only after all of its goroutines have ended.
func TestRunLeavesNothingBehind(t *testing.T) {
	src := testkit.InProcess(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	})
	dst := testkit.InProcess(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var over atomic.Bool
	c := registry.New(registry.Options{Clock: throttle.Clock{Sleep: func(ctx context.Context, _ time.Duration) error {
		cancel()
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond) // so that a run that does not wait would return before
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
	if e := report.Entries[0]; !strings.Contains(e.Error, "it was retrying after") || !strings.Contains(e.Error, "502 Bad Gateway") {
		t.Errorf("the entry does not say what it waited for: %s", e.Error)
	}
}
