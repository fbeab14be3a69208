package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// listing is a source of many tags and a destination of many repositories, each
// with lists of its own tags or without.
func listing(t *testing.T, lists bool) (src, dst *testkit.Registry, srcLog, dstLog *testkit.Recorder, lines []string) {
	srcLog, dstLog = &testkit.Recorder{}, &testkit.Recorder{}
	quay := func(h http.Handler) http.Handler {
		if lists {
			return (&testkit.Quay{}).Wrap(h)
		}
		return h
	}
	src = testkit.InProcess(t, func(h http.Handler) http.Handler { return srcLog.Wrap(quay(h)) })
	dst = testkit.InProcess(t, func(h http.Handler) http.Handler { return dstLog.Wrap(quay(h)) })
	for i := range 30 {
		src.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(i), testkit.Layer(int64(i), 1000)))
		lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a $dst/org/i%d:b $dst/org/i%d:c", i, i, i, i))
	}
	chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	srcLog.Reset()
	dstLog.Reset()
	return src, dst, srcLog, dstLog, lines
}

// Where nothing changed, a list of each repository is enough: no tag is looked
// at. Where there are no lists, one request more than without is all they cost.
func TestListsTellWhatIsUnchanged(t *testing.T) {
	for _, lists := range []bool{true, false} {
		t.Run(fmt.Sprintf("lists %v", lists), func(t *testing.T) {
			src, dst, srcLog, dstLog, lines := listing(t, lists)
			report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Lists: true})
			wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 90})
			wantSrc, wantDst, look := 1+1, 30+1, "quay"
			if !lists {
				wantSrc, wantDst, look = 30+1+1, 90+1+1, mirror.LookProtocol
			}
			if n := srcLog.Count(); n > wantSrc {
				t.Errorf("%d requests to the source, want at most %d: %v", n, wantSrc, srcLog.Classes())
			}
			if n := dstLog.Count(); n > wantDst {
				t.Errorf("%d requests to the destination, want at most %d: %v", n, wantDst, dstLog.Classes())
			}
			for _, e := range report.Entries {
				if e.Look != look || e.Digest == "" {
					t.Fatalf("%+v", e)
				}
			}
		})
	}
}

// A list that lies never makes anything be written: before that, the tag is
// looked at. What protects tags does not believe it either.
func TestListsDecideNothing(t *testing.T) {
	wrong := "sha256:" + strings.Repeat("0", 64)
	quay := &testkit.Quay{Edit: func(_ string, p *testkit.QuayPage) {
		for i := range p.Tags {
			p.Tags[i].Digest = wrong
		}
	}}
	var log testkit.Recorder
	src := testkit.InProcess(t, nil)
	dst := testkit.InProcess(t, func(h http.Handler) http.Handler { return log.Wrap(quay.Wrap(h)) })
	var lines []string
	for i := range 5 {
		img := testkit.Image(t, fmt.Sprint(i))
		src.Push(t, fmt.Sprintf("a/b:v%d", i), img)
		dst.Push(t, fmt.Sprintf("c/d:v%d", i), img)
		lines = append(lines, fmt.Sprintf("$src/a/b:v%d $dst/c/d:v%d", i, i))
	}
	log.Reset()
	for _, overwrite := range []mirror.Overwrite{mirror.OverwriteAlways, mirror.OverwriteNever} {
		report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Lists: true, Overwrite: overwrite})
		wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 5})
	}
	if n := log.Count("PUT manifest", "POST upload", "mount"); n != 0 {
		t.Errorf("something was written: %q", log.Requests())
	}
}

// One tag that changed is found by its list, looked at, and written.
func TestListsTellWhatChanged(t *testing.T) {
	src, dst, _, dstLog, lines := listing(t, true)
	want := src.Push(t, "ci/stream:i7", testkit.Image(t, "newer"))
	report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Lists: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 87, mirror.Copied: 3})
	for _, tag := range []string{"a", "b", "c"} {
		if got := dst.Digest("org/i7:" + tag); got != want {
			t.Errorf("%s holds %s, want %s", tag, got, want)
		}
	}
	if n := dstLog.Count("HEAD manifest"); n < 3 || n > 12 {
		t.Errorf("%d looks at tags: %v", n, dstLog.Classes())
	}
}

// Where only the source has a list, because no destination is worth one, it still
// saves a look at each source whose destination holds it.
func TestListsOfTheSourceAlone(t *testing.T) {
	var srcLog, dstLog testkit.Recorder
	quay := &testkit.Quay{}
	src := testkit.InProcess(t, func(h http.Handler) http.Handler { return srcLog.Wrap(quay.Wrap(h)) })
	dst := testkit.InProcess(t, func(h http.Handler) http.Handler { return dstLog.Wrap(quay.Wrap(h)) })
	var lines []string
	for i := range 20 {
		src.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(i)))
		lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a", i, i))
	}
	run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	want := src.Push(t, "ci/stream:i7", testkit.Image(t, "newer"))
	srcLog.Reset()
	dstLog.Reset()
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Lists: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 19, mirror.Copied: 1})
	if got := dst.Digest("org/i7:a"); got != want {
		t.Errorf("i7 holds %s, want %s", got, want)
	}
	if n := srcLog.Count("HEAD manifest"); n != 1 {
		t.Errorf("%d looks at sources, want one: %v", n, srcLog.Classes())
	}
	if n := dstLog.Count("HEAD manifest"); n < 20 || n > 21 || dstLog.Count("listing") > 0 {
		t.Errorf("%d looks at destinations, want 20 or 21: %v", n, dstLog.Classes())
	}
}

// Deep checks look at tags themselves.
func TestDeepBelievesNoList(t *testing.T) {
	src, dst, _, dstLog, lines := listing(t, true)
	report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Lists: true, Deep: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 90})
	if n := dstLog.Count("HEAD manifest"); n < 90 {
		t.Errorf("%d looks at tags, want 90: %v", n, dstLog.Classes())
	}
}

// The first failure in the order of the lines ends a run that fails fast, each
// time the same.
func TestFailFastInOrder(t *testing.T) {
	for range 5 {
		src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, nil)
		var lines []string
		for i := range 20 {
			if i != 6 && i != 13 {
				src.Push(t, fmt.Sprintf("a/b:v%d", i), testkit.Image(t, fmt.Sprint(i)))
			}
			lines = append(lines, fmt.Sprintf("$src/a/b:v%d $dst/c/d:v%d", i, i))
		}
		report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), FailFast: true})
		wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 6, mirror.Failed: 1, mirror.Interrupted: 13})
		if e := report.Entries[6]; e.Outcome != mirror.Failed {
			t.Errorf("line 7: %s", e.Outcome)
		}
		if failures := report.Failures(); failures[0].Cause != mirror.CauseSourceMissing || failures[1].Cause != mirror.CauseInterrupted {
			t.Errorf("what ended early comes before what failed: %+v", failures)
		}
		if e := report.Entries[19]; !strings.Contains(e.Error, "another destination failed first") {
			t.Errorf("line 20 does not say why: %s", e.Error)
		}
	}
}
