package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// listing is a source with many tags and a destination with many repositories,
// each with or without lists of tags.
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

// If nothing changed, a list of each repository is enough and no tag is read.
// If a registry has no lists, finding that out costs one request.
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

// A wrong list never causes a write, because the tag is read before. Protection
// does not trust lists either.
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

// A tag that changed is found by its list, read and written.
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

// If only the source has a list, because no destination needs enough tags, it
// still saves a request for each unchanged source.
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

// Deep checks read tags and not lists.
func TestDeepBelievesNoList(t *testing.T) {
	src, dst, _, dstLog, lines := listing(t, true)
	report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Lists: true, Deep: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 90})
	if n := dstLog.Count("HEAD manifest"); n < 90 {
		t.Errorf("%d looks at tags, want 90: %v", n, dstLog.Classes())
	}
}

// With FailFast, always the same failure ends the run: the first in the order
// of the lines.
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
