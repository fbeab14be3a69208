package mirror_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// destinations are registries of every kind to mirror to.
func destinations() []kind {
	return append(kinds(), kind{"strict", func(t testing.TB) *testkit.Registry { return strict.New(strict.Options{}).Serve(t, nil) }})
}

// ownership is one tag that is mirrored with changed-by-us.
type ownership struct {
	t        *testing.T
	src, dst *testkit.Registry
	plan     *mirror.Plan
	opts     mirror.Options
}

func newOwnership(t *testing.T, dst *testkit.Registry) *ownership {
	src := testkit.InProcess(t, nil)
	return &ownership{t: t, src: src, dst: dst, plan: plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1"), opts: mirror.Options{Overwrite: mirror.OverwriteOurs}}
}

// source moves the source to another image.
func (o *ownership) source(label string) { o.src.Push(o.t, "a/b:v1", testkit.Image(o.t, label)) }

// other pushes to the destination as somebody else.
func (o *ownership) other(label string) { o.dst.Push(o.t, "c/d:v1", testkit.Image(o.t, label)) }

func (o *ownership) run(want mirror.Outcome) mirror.Entry {
	o.t.Helper()
	before := o.dst.Digest("c/d:v1")
	o.opts.Client = client(o.t)
	report := run(o.t, o.plan, o.opts)
	wantSummary(o.t, report, map[mirror.Outcome]int{want: 1})
	after := o.dst.Digest("c/d:v1")
	if want == mirror.Protected && after != before {
		o.t.Errorf("a protected tag went from %s to %s", before, after)
	}
	if want == mirror.Copied && after != o.src.Digest("a/b:v1") {
		o.t.Errorf("the tag holds %s", after)
	}
	return report.Entries[0]
}

// Only tags with the image that was mirrored last are moved.
func TestChangedByUs(t *testing.T) {
	for _, kind := range destinations() {
		t.Run(kind.name, func(t *testing.T) {
			o := newOwnership(t, kind.start(t))
			o.source("1")
			o.run(mirror.Copied) // the tag did not exist
			o.run(mirror.Unchanged)
			o.source("2")
			o.run(mirror.Copied)
			o.source("3")
			o.opts.Mode = mirror.ModePlan
			o.run(mirror.Planned)
			o.opts.Mode = mirror.ModeRun
			o.run(mirror.Copied)

			o.other("by hand")
			if e := o.run(mirror.Protected); !strings.Contains(e.Error, "was mirrored last: not overwritten") {
				t.Errorf("%+v", e)
			}
			o.opts.Mode = mirror.ModeCheck
			o.run(mirror.Protected)
			o.opts.Mode = mirror.ModePlan
			o.run(mirror.Protected)
			o.opts.Mode = mirror.ModeRun
			o.other("2") // an older image of ours, which somebody restored
			o.run(mirror.Protected)
			o.other("3")
			o.source("4")
			o.run(mirror.Copied)

			o.other("by hand again")
			o.opts.Adopt = true
			o.run(mirror.Copied)
			o.opts.Adopt = false
			o.source("5")
			o.run(mirror.Copied)
		})
	}
}

// A tag without a record is not ours until it is adopted.
func TestAdopt(t *testing.T) {
	var log testkit.Recorder
	o := newOwnership(t, testkit.InProcess(t, log.Wrap))
	o.source("1")
	o.opts.Overwrite = mirror.OverwriteAlways
	o.run(mirror.Copied)
	o.opts.Overwrite = mirror.OverwriteOurs
	o.run(mirror.Unchanged)
	o.source("2")
	if e := o.run(mirror.Protected); !strings.Contains(e.Error, "no record (tag _mirror.v1) shows that mirror wrote it") {
		t.Errorf("%+v", e)
	}
	o.source("1")
	o.opts.Adopt = true
	o.run(mirror.Unchanged) // and recorded
	log.Reset()
	o.run(mirror.Unchanged) // and recorded already
	if n := log.Count("PUT manifest"); n != 0 {
		t.Errorf("%d manifests were written for a record that is there", n)
	}
	o.opts.Adopt = false
	o.source("2")
	o.run(mirror.Copied)
}

// Records cost nothing if no tag moves. A tag that moves costs writing its
// record before and after.
func TestRecordRequests(t *testing.T) {
	var log testkit.Recorder
	o := newOwnership(t, strict.New(strict.Options{}).Serve(t, log.Wrap))
	o.source("1")
	count := func(want mirror.Outcome, puts, looks int) {
		t.Helper()
		log.Reset()
		o.run(want)
		if n := log.Count("PUT manifest"); n != puts {
			t.Errorf("%s: %d manifests were written, want %d", want, n, puts)
		}
		looked := 0
		for _, r := range log.Requests() {
			if strings.HasPrefix(r, "GET ") && strings.Contains(r, "/_mirror.v1") || strings.HasPrefix(r, "HEAD ") && strings.HasSuffix(r, "/v1") {
				looked++
			}
		}
		if looked != looks {
			t.Errorf("%s: the tag and its record were looked at %d times, want %d: %q", want, looked, looks, log.Requests())
		}
	}
	count(mirror.Copied, 2, 3)    // the record, the tag; both are read before and again
	count(mirror.Unchanged, 0, 1) // the floor
	o.source("2")
	count(mirror.Copied, 3, 4) // the record, the tag, the record
	if n := log.Count("PUT upload"); n != 1 {
		t.Errorf("%d blobs were sent, want the image's own", n)
	}
}

// After a run that ends between its two writes, the tag is ours with either of
// the two images.
func TestRecordSurvives(t *testing.T) {
	for _, fails := range []string{"/c/d/manifests/v1", "the record after the tag"} {
		t.Run(fails, func(t *testing.T) {
			var log testkit.Recorder
			var broken atomic.Bool
			var records atomic.Int64
			log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if !broken.Load() || class != "PUT manifest" {
					return false
				}
				bad := strings.HasSuffix(r.URL.Path, fails)
				if strings.HasSuffix(r.URL.Path, "/_mirror.v1") && !strings.HasPrefix(fails, "/") {
					bad = records.Add(1) > 1
				}
				if bad {
					w.WriteHeader(http.StatusForbidden)
				}
				return bad
			}
			o := newOwnership(t, testkit.InProcess(t, log.Wrap))
			o.source("1")
			o.run(mirror.Copied)
			o.source("2")
			broken.Store(true)
			if strings.HasPrefix(fails, "/") {
				o.run(mirror.Failed)
			} else if e := o.run(mirror.Copied); len(e.Details) != 1 || !strings.Contains(e.Details[0], "cannot complete its record") {
				t.Errorf("%+v", e)
			}
			broken.Store(false)
			o.source("3")
			o.run(mirror.Copied)
		})
	}
}

// Another run of the same job with another image at the source interferes: the
// tag is ours with the image of either run.
func TestRecordOfTwoRuns(t *testing.T) {
	for _, tt := range []struct {
		name  string
		class string // the request before which the other run does all of its work
		path  string
		n     int64 // of those requests, from 1
		fresh bool  // the tag does not exist before
	}{
		{"before the record", "PUT manifest", "/_mirror.v1", 1, false},
		{"before the tag", "PUT manifest", "/c/d/manifests/v1", 1, false},
		{"before the record is completed", "GET manifest", "/_mirror.v1", 2, false},
		{"before the record of a new tag", "PUT manifest", "/_mirror.v1", 1, true},
		{"before the new tag", "PUT manifest", "/c/d/manifests/v1", 1, true},
		{"after the new tag", "GET manifest", "/_mirror.v1", 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log testkit.Recorder
			o := newOwnership(t, testkit.InProcess(t, log.Wrap))
			if !tt.fresh {
				o.source("1")
				o.run(mirror.Copied)
			}
			var seen atomic.Int64
			log.Fault = func(_ http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if class == tt.class && strings.HasSuffix(r.URL.Path, tt.path) && seen.Add(1) == tt.n {
					o.source("3")
					other := *o
					other.run(mirror.Copied)
				}
				return false
			}
			o.source("2")
			opts := o.opts
			opts.Client = client(t)
			report, err := mirror.Run(t.Context(), o.plan, opts)
			if err != nil {
				t.Fatal(err)
			}
			wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
			if seen.Load() <= tt.n {
				t.Error("there was no other run")
			}
			o.source("4")
			o.run(mirror.Copied)
		})
	}
}

// A tag that cannot be recorded is not moved.
func TestUnrecordedTagIsNotMoved(t *testing.T) {
	var log testkit.Recorder
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		bad := class == "PUT manifest" && strings.Contains(r.URL.Path, "/_mirror.")
		if bad {
			w.WriteHeader(http.StatusForbidden)
		}
		return bad
	}
	o := newOwnership(t, testkit.InProcess(t, log.Wrap))
	o.source("1")
	if e := o.run(mirror.Failed); !strings.Contains(e.Error, "tag not moved: cannot write its record") || o.dst.Digest("c/d:v1") != "" {
		t.Errorf("%+v", e)
	}
}

// Records are not mirrored, because they are about their own repository.
func TestRecordsAreNoImages(t *testing.T) {
	o := newOwnership(t, testkit.InProcess(t, nil))
	o.source("1")
	o.run(mirror.Copied)
	third := testkit.InProcess(t, nil)
	report := run(t, plan(t, o.dst, third, "$src/c/d:* $dst/e/f"), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
	// A tag of maximum length also has a record.
	long := strings.Repeat("x", 128)
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, nil)
	p := plan(t, src, dst, "$src/a/b:1 $dst/c/d:"+long)
	for _, label := range []string{"1", "2"} {
		src.Push(t, "a/b:1", testkit.Image(t, label))
		wantSummary(t, run(t, p, mirror.Options{Client: client(t), Overwrite: mirror.OverwriteOurs}), map[mirror.Outcome]int{mirror.Copied: 1})
	}
}
