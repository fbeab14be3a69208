package mirror_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// A failed push is retried, perhaps minutes later. An image that somebody else
// pushed to the tag meanwhile is protected like one that was there before.
func TestProtectedBetweenAttempts(t *testing.T) {
	backup, err := mapping.ParseBackup("{{.Tag}}-previous")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		opts   mirror.Options
		stays  bool // the other's image
		backup bool // digest of the other's image
	}{
		{"always", mirror.Options{}, false, false},
		{"never", mirror.Options{Overwrite: mirror.OverwriteNever}, true, false},
		{"immutable", mirror.Options{Immutable: globs(t, "*:v1")}, true, false},
		{"changed by us", mirror.Options{Overwrite: mirror.OverwriteOurs}, true, false},
		{"backup", mirror.Options{Backup: backup}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log testkit.Recorder
			src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, log.Wrap)
			src.Push(t, "a/b:v1", testkit.Image(t, "ours", testkit.Layer(1, 1000)))
			other := testkit.Image(t, "theirs")
			var failed atomic.Bool
			log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if class != "PUT manifest" || !strings.HasSuffix(r.URL.Path, "/v1") || failed.Swap(true) {
					return false
				}
				dst.Push(t, "c/d:v1", other)
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			opts := tt.opts
			opts.Client = client(t)
			report := run(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1"), opts)
			digest, err := other.Digest()
			if err != nil {
				t.Fatal(err)
			}
			want, outcome := src.Digest("a/b:v1"), mirror.Copied
			if tt.stays {
				want, outcome = digest.String(), mirror.Protected
			}
			wantSummary(t, report, map[mirror.Outcome]int{outcome: 1})
			if got := dst.Digest("c/d:v1"); got != want {
				t.Errorf("the tag holds %s, want %s", got, want)
			}
			if got := dst.Digest("c/d:v1-previous"); tt.backup != (got == digest.String()) {
				t.Errorf("the backup holds %q", got)
			}
		})
	}
}

// If the answer to our push is lost, the tag's image still counts as ours.
func TestOwnWriteIsKnownAgain(t *testing.T) {
	var log testkit.Recorder
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, log.Wrap)
	src.Push(t, "a/b:v1", testkit.Image(t, "ours", testkit.Layer(1, 1000)))
	img := testkit.Image(t, "ours", testkit.Layer(1, 1000))
	var lost atomic.Bool
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if class != "PUT manifest" || !strings.HasSuffix(r.URL.Path, "/v1") || lost.Swap(true) {
			return false
		}
		dst.Push(t, "c/d:v1", img) // the same bytes as ours
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	report := run(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1"), mirror.Options{Client: client(t), Overwrite: mirror.OverwriteNever})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
	if e := report.Entries[0]; len(e.Details) > 0 || e.Previous != "" {
		t.Errorf("%+v", e)
	}
	if got := dst.Digest("c/d:v1"); got != src.Digest("a/b:v1") {
		t.Errorf("the tag holds %s", got)
	}
}

// A registry that answers every HEAD with 404 does not make a protected tag
// look missing.
func TestProtectedFromALyingHead(t *testing.T) {
	src, dst, log, lines := moved(t, "v1", "v2")
	src.Push(t, "a/b:absent", testkit.Image(t, "absent"))
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if class == "HEAD manifest" {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	lines = slices.Insert(lines, 0, "$src/a/b:absent $dst/c/d:absent")
	old := []string{dst.Digest("c/d:v1"), dst.Digest("c/d:v2")}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Overwrite: mirror.OverwriteNever, Parallel: 1})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1, mirror.Protected: 2})
	if now := []string{dst.Digest("c/d:v1"), dst.Digest("c/d:v2")}; !slices.Equal(now, old) {
		t.Errorf("the tags hold %v, want %v", now, old)
	}
}

// A source whose HEAD returns a digest that does not exist does not make a
// correct tag look wrong.
func TestRightInSpiteOfALyingHead(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts mirror.Options
	}{
		{"always", mirror.Options{}},
		{"never", mirror.Options{Overwrite: mirror.OverwriteNever}},
		{"changed by us", mirror.Options{Overwrite: mirror.OverwriteOurs}},
		{"immutable", mirror.Options{Immutable: globs(t, "*:*")}},
		{"adopted", mirror.Options{Overwrite: mirror.OverwriteOurs, Adopt: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, mode := range []mirror.Mode{mirror.ModePlan, mirror.ModeCheck, mirror.ModeRun} {
				var srcLog, dstLog testkit.Recorder
				src, dst := testkit.InProcess(t, srcLog.Wrap), testkit.InProcess(t, dstLog.Wrap)
				img := testkit.Image(t, "x", testkit.Layer(1, 1000))
				want := src.Push(t, "a/b:v1", img)
				dst.Push(t, "c/d:v1", img)
				dst.Push(t, "c/d:v2", img)
				srcLog.Edit = func(_ *http.Request, class string, _ int, h http.Header) {
					if class == "HEAD manifest" {
						h.Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
					}
				}
				srcLog.Reset()
				dstLog.Reset()
				opts := tt.opts
				opts.Mode, opts.Client = mode, client(t)
				report := run(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1 $dst/c/d:v2"), opts)
				wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 2})
				for _, e := range report.Entries {
					if e.Previous != "" || e.Digest != want {
						t.Errorf("%s: %+v", mode, e)
					}
				}
				if n := srcLog.Count("HEAD manifest", "GET manifest"); n != 3 { // HEAD, GET of its digest, GET of the tag
					t.Errorf("%s: %d requests to the source: %q", mode, n, srcLog.Requests())
				}
				records := 0
				if opts.Adopt && mode == mirror.ModeRun {
					records = 2
				}
				if n := dstLog.Count("PUT manifest"); n != records {
					t.Errorf("%s: %d manifests were written, want %d: %q", mode, n, records, dstLog.Requests())
				}
			}
		})
	}
}

// A second run of the same job may move the tag after it was read, and before its
// record is.
func TestSecondRunMovesTag(t *testing.T) {
	var log testkit.Recorder
	o := newOwnership(t, testkit.InProcess(t, log.Wrap))
	o.source("1")
	o.run(mirror.Copied)
	o.source("2")
	var ran atomic.Bool
	second := mirror.Options{Overwrite: mirror.OverwriteOurs, Client: client(t)}
	log.Fault = func(_ http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/_mirror.v1") && !ran.Swap(true) {
			wantSummary(t, run(t, o.plan, second), map[mirror.Outcome]int{mirror.Copied: 1})
		}
		return false
	}
	o.run(mirror.Unchanged)
	if !ran.Load() || o.dst.Digest("c/d:v1") != o.src.Digest("a/b:v1") {
		t.Errorf("the tag holds %s", o.dst.Digest("c/d:v1"))
	}
}
