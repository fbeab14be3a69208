package mirror_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// moved starts two registries; the destination's tags hold other images than
// their sources.
func moved(t *testing.T, tags ...string) (src, dst *testkit.Registry, log *testkit.Recorder, lines []string) {
	log = &testkit.Recorder{}
	src, dst = testkit.InProcess(t, nil), testkit.InProcess(t, log.Wrap)
	for _, tag := range tags {
		src.Push(t, "a/b:"+tag, testkit.Image(t, "new "+tag, testkit.Layer(1, 1000)))
		dst.Push(t, "c/d:"+tag, testkit.Image(t, "old "+tag))
		lines = append(lines, "$src/a/b:"+tag+" $dst/c/d:"+tag)
	}
	log.Reset()
	return src, dst, log, lines
}

func globs(t *testing.T, patterns ...string) (out []mapping.Glob) {
	t.Helper()
	for _, p := range patterns {
		g, err := mapping.ParseGlob(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, g)
	}
	return out
}

func TestProtected(t *testing.T) {
	for _, tt := range []struct {
		name    string
		opts    mirror.Options
		kept    []string // of v1 and latest
		because string
	}{
		{"always", mirror.Options{}, nil, ""},
		{"never", mirror.Options{Overwrite: mirror.OverwriteNever}, []string{"v1", "latest"}, "and the overwrite policy is \"never\": not overwritten"},
		{"never by force", mirror.Options{Overwrite: mirror.OverwriteNever, Force: true}, []string{"v1", "latest"}, "and the overwrite policy is \"never\": not overwritten"},
		{"immutable", mirror.Options{Immutable: globs(t, "*:v[0-9]*")}, []string{"v1"}, "is immutable (*:v[0-9]*)"},
		{"immutable by force", mirror.Options{Immutable: globs(t, "c/d:x", "c/d:l*"), Force: true}, []string{"latest"}, "is immutable (c/d:l*)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src, dst, log, lines := moved(t, "v1", "latest")
			src.Push(t, "a/b:absent", testkit.Image(t, "absent"))
			p := plan(t, src, dst, append(lines, "$src/a/b:absent $dst/c/d:absent")...)
			old := map[string]string{"v1": dst.Digest("c/d:v1"), "latest": dst.Digest("c/d:latest")}
			for _, mode := range []mirror.Mode{mirror.ModePlan, mirror.ModeCheck, mirror.ModeRun} {
				log.Reset()
				opts := tt.opts
				opts.Mode, opts.Client = mode, client(t)
				report := run(t, p, opts)
				n := len(tt.kept)
				switch mode {
				case mirror.ModePlan:
					wantSummary(t, report, map[mirror.Outcome]int{mirror.Planned: 3 - n, mirror.Protected: n})
				case mirror.ModeCheck:
					wantSummary(t, report, map[mirror.Outcome]int{mirror.Absent: 1, mirror.Differs: 2 - n, mirror.Protected: n})
				case mirror.ModeRun:
					wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 3 - n, mirror.Protected: n})
				}
				for _, e := range report.Entries {
					if e.Outcome != mirror.Protected {
						continue
					}
					if !e.Bad() || e.Cause != mirror.CauseProtected || !strings.Contains(e.Error, tt.because) || e.Previous == "" {
						t.Errorf("%+v", e)
					}
				}
				if n > 0 && report.OK() {
					t.Error("a protected tag does not make the run fail")
				}
			}
			for tag, digest := range old {
				want := src.Digest("a/b:" + tag)
				for _, kept := range tt.kept {
					if kept == tag {
						want = digest
					}
				}
				if got := dst.Digest("c/d:" + tag); got != want {
					t.Errorf("%s holds %s, want %s", tag, got, want)
				}
			}
			for _, request := range log.Requests() {
				for _, kept := range tt.kept {
					if strings.HasPrefix(request, "PUT") && strings.HasSuffix(request, "/"+kept) {
						t.Errorf("%s was sent", request)
					}
				}
			}
		})
	}
}

func TestProtectedIsTolerated(t *testing.T) {
	src, dst, _, lines := moved(t, "v1")
	opts := mirror.Options{Client: client(t), Overwrite: mirror.OverwriteNever, TolerateProtected: true, FailFast: true}
	report := run(t, plan(t, src, dst, lines...), opts)
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Protected: 1})
	e := report.Entries[0]
	if !report.OK() || e.Error != "" || e.Cause != "" || len(e.Details) != 1 || !strings.Contains(e.Details[0], "not overwritten") {
		t.Errorf("%+v", e)
	}
}

// Protection costs one request for each tag that is written and none for
// others. A run without protection sends no additional request.
func TestProtectionRequests(t *testing.T) {
	for _, tt := range []struct {
		name   string
		opts   mirror.Options
		looked int
	}{
		{"always", mirror.Options{}, 2},
		{"another tag is immutable", mirror.Options{Immutable: globs(t, "*:other")}, 2},
		{"never", mirror.Options{Overwrite: mirror.OverwriteNever}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src, dst, log, lines := moved(t)
			for _, tag := range []string{"v1", "v2"} {
				img := testkit.Image(t, tag)
				src.Push(t, "a/b:"+tag, img)
				if tag == "v1" {
					dst.Push(t, "c/d:"+tag, img)
				}
				lines = append(lines, "$src/a/b:"+tag+" $dst/c/d:"+tag)
			}
			log.Reset()
			opts := tt.opts
			opts.Client = client(t)
			report := run(t, plan(t, src, dst, lines...), opts)
			wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Copied: 1})
			n := 0
			for _, request := range log.Requests() {
				if strings.HasPrefix(request, "HEAD ") && (strings.HasSuffix(request, "/v1") || strings.HasSuffix(request, "/v2")) {
					n++
				}
			}
			if n != tt.looked {
				t.Errorf("the tags were looked at %d times, want %d: %q", n, tt.looked, log.Requests())
			}
		})
	}
}

// Somebody else writes the tag while its image is copied.
func TestTagChangesMeanwhile(t *testing.T) {
	const other, same = "another image", "the same image"
	for _, tt := range []struct {
		name    string
		opts    mirror.Options
		exists  bool          // before the run
		writes  string        // digest that the other one pushes
		takes   time.Duration // duration of the copy
		outcome mirror.Outcome
		says    string
	}{
		{"quick copy", mirror.Options{}, true, other, time.Second, mirror.Copied, ""},
		{"long copy", mirror.Options{}, true, other, time.Minute, mirror.Copied, "during the copy, and was overwritten"},
		{"long first copy", mirror.Options{}, false, other, time.Minute, mirror.Copied, "from nothing to sha256:"},
		{"long copy of the same", mirror.Options{}, true, same, time.Minute, mirror.Unchanged, "another client wrote it"},
		{"nothing is overwritten", mirror.Options{Overwrite: mirror.OverwriteNever}, false, other, time.Second, mirror.Protected, "and the overwrite policy is \"never\": not overwritten"},
		{"nothing is overwritten, and it is right", mirror.Options{Overwrite: mirror.OverwriteNever}, false, same, time.Second, mirror.Unchanged, "another client wrote it"},
		{"immutable", mirror.Options{Immutable: globs(t, "*:v1")}, false, other, time.Second, mirror.Protected, "is immutable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log testkit.Recorder
			src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, log.Wrap)
			img := testkit.Image(t, "mine", testkit.Layer(1, 1000))
			src.Push(t, "a/b:v1", img)
			if tt.exists {
				dst.Push(t, "c/d:v1", testkit.Image(t, "old"))
			}
			theirs := img
			if tt.writes == other {
				theirs = testkit.Image(t, other)
			}
			clock := &stepClock{now: time.Unix(1e9, 0)}
			var wrote atomic.Bool
			log.Fault = func(_ http.ResponseWriter, _ *http.Request, class string, _ int) bool {
				if class == "PUT upload" && wrote.CompareAndSwap(false, true) {
					dst.Push(t, "c/d:v1", theirs)
					clock.add(tt.takes)
				}
				return false
			}
			opts := tt.opts
			opts.Client, opts.Now = client(t), clock.Now
			report := run(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1"), opts)
			wantSummary(t, report, map[mirror.Outcome]int{tt.outcome: 1})
			e := report.Entries[0]
			if said := e.Error + strings.Join(e.Details, ""); tt.says == "" && said != "" || !strings.Contains(said, tt.says) {
				t.Errorf("it says %q, want %q", said, tt.says)
			}
			want := src.Digest("a/b:v1")
			if tt.outcome == mirror.Protected {
				d, err := theirs.Digest()
				if err != nil {
					t.Fatal(err)
				}
				want = d.String()
			}
			if got := dst.Digest("c/d:v1"); got != want {
				t.Errorf("the tag holds %s, want %s", got, want)
			}
		})
	}
}

// stepClock is a clock that a test advances.
type stepClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *stepClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stepClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// An unreadable tag is not written if it may be protected.
func TestUnseenTagIsNotWritten(t *testing.T) {
	src, dst, log, lines := moved(t, "v1")
	old := dst.Digest("c/d:v1")
	var over atomic.Bool
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if !over.Load() && strings.HasSuffix(r.URL.Path, "/v1") && r.Method != http.MethodPut {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Overwrite: mirror.OverwriteNever})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 1})
	if e := report.Entries[0]; !strings.Contains(e.Error, "cannot determine whether the tag may be overwritten") {
		t.Errorf("%+v", e)
	}
	over.Store(true)
	if got := dst.Digest("c/d:v1"); got != old {
		t.Errorf("the tag was written: %s", got)
	}
}

// A signature of the same image by somebody else is protected.
func TestSignaturesAreProtected(t *testing.T) {
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, nil)
	img := testkit.Image(t, "x")
	d := src.Push(t, "a/b:v1", img)
	dst.Push(t, "c/d:v1", img)
	signature := strings.Replace(d, ":", "-", 1) + ".sig"
	ours := src.Push(t, "a/b:"+signature, testkit.Image(t, "our signature"))
	theirs := dst.Push(t, "c/d:"+signature, testkit.Image(t, "their signature"))
	p := plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1")
	report := run(t, p, mirror.Options{Client: client(t), Referrers: true, Overwrite: mirror.OverwriteNever})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Protected: 1})
	if e := report.Entries[0]; !strings.Contains(e.Error, "but not all of its referrers: the tag "+signature+": it holds "+theirs) {
		t.Errorf("%+v", e)
	}
	if got := dst.Digest("c/d:" + signature); got != theirs {
		t.Errorf("the signature is %s, want %s", got, theirs)
	}
	wantSummary(t, run(t, p, mirror.Options{Client: client(t), Referrers: true}), map[mirror.Outcome]int{mirror.Unchanged: 1})
	if got := dst.Digest("c/d:" + signature); got != ours {
		t.Errorf("the signature is %s, want %s", got, ours)
	}
}
