package mirror_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// pings is the number of requests to find out that a registry speaks plain
// HTTP. The registry sees only one, because the other fails in the TLS
// handshake.
const pings = 2

// TestNothingChanged counts the requests of a run that has nothing to do: one
// for each source and one for each destination.
func TestNothingChanged(t *testing.T) {
	var srcLog, dstLog testkit.Recorder
	src, dst := testkit.InProcess(t, srcLog.Wrap), testkit.InProcess(t, dstLog.Wrap)
	var lines []string
	for i := range 30 {
		src.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(i), testkit.Layer(int64(i), 1000)))
		lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a $dst/org/i%d:b $dst/org/i%d:c", i, i, i, i))
	}
	wantSummary(t, run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)}), map[mirror.Outcome]int{mirror.Copied: 90})
	srcLog.Reset()
	dstLog.Reset()
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 90})
	if n := srcLog.Count(); n != 30+pings/2 {
		t.Errorf("%d requests to the source, want 30 and a ping: %v", n, srcLog.Classes())
	}
	if n := dstLog.Count(); n != 90+pings/2 {
		t.Errorf("%d requests to the destination, want 90 and a ping: %v", n, dstLog.Classes())
	}
	if srcLog.Count("HEAD manifest") != 30 || dstLog.Count("HEAD manifest") != 90 {
		t.Errorf("not by HEAD: %v %v", srcLog.Classes(), dstLog.Classes())
	}
}

// TestFirstCopy counts the reads and writes of a first copy to a registry whose
// blobs belong to repositories: each blob is sent once.
func TestFirstCopy(t *testing.T) {
	var srcLog testkit.Recorder
	src, dst := testkit.InProcess(t, srcLog.Wrap), testkit.Distribution(t, false)
	base := []v1.Layer{testkit.Layer(1, 300_000), testkit.Layer(2, 300_000)}
	var lines []string
	const images = 20
	for i := range images {
		src.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(i), append(base[:2:2], testkit.Layer(int64(10+i), 1000))...))
		lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a $dst/org/i%d:b", i, i, i))
	}
	srcLog.Reset()
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 2 * images})
	unique := int64(2 + 2*images) // two base layers; a layer and a config for each image
	if report.Moved.Blobs != unique || report.Moved.Mounts != 2*(images-1) {
		t.Errorf("moved %+v, want %d blobs and %d mounts", report.Moved, unique, 2*(images-1))
	}
	if n := srcLog.Count("GET blob"); int64(n) != unique {
		t.Errorf("%d blobs were read, want %d", n, unique)
	}
	if n := srcLog.Count("GET manifest"); n != images {
		t.Errorf("%d manifests were read, want %d", n, images)
	}
	if report.Moved.Manifests != 2*images {
		t.Errorf("%d manifests were written, want one for each tag", report.Moved.Manifests)
	}
}

// TestSlowRepository has a repository that answers only after all others are
// done: requests to it do not block the others.
func TestSlowRepository(t *testing.T) {
	rest := make(chan struct{})
	dstLog := testkit.Recorder{Fault: func(w http.ResponseWriter, r *http.Request, class string, n int) bool {
		if strings.Contains(r.URL.Path, "/org/slow/") {
			select {
			case <-rest:
			case <-r.Context().Done():
				t.Error("the rest waits for the repository that does not answer")
			}
		}
		return false
	}}
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, dstLog.Wrap)
	const slow, quick = 40, 40
	var lines []string
	for i := range slow + quick {
		src.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(i), testkit.Layer(int64(i), 1000)))
		if i < slow {
			lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/slow:a%d $dst/org/slow:b%d", i, i, i))
		} else {
			lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a $dst/org/i%d:b", i, i, i))
		}
	}
	left := 2 * quick
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Done: func(e mirror.Entry) {
		if !strings.Contains(e.Destination, "/org/slow:") {
			if left--; left == 0 {
				close(rest)
			}
		}
	}})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 2 * (slow + quick)})
}

// shared pushes images with two common layers and one of their own, each under
// two tags of its own repository, and one index.
func shared(t *testing.T, src *testkit.Registry, images int, label string) (lines []string) {
	t.Helper()
	base := []v1.Layer{testkit.Layer(1, 300_000), testkit.Layer(2, 300_000)}
	for i := range images {
		own := testkit.Layer(int64(10+i)+int64(len(label))<<20, 100_000)
		src.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(label, i), append(base[:2:2], own)...))
		lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a $dst/org/i%d:b", i, i, i))
	}
	return lines
}

// counts returns the number of requests to a host, by kind.
func counts(r *mirror.Report, host string) map[string]int64 {
	out := map[string]int64{}
	for _, h := range r.Hosts {
		if h.Host == host {
			for _, c := range h.By {
				out[c.Request] += c.Count
			}
		}
	}
	return out
}

// TestFirstCopyRequests accounts for every request of a first copy: T sources,
// D destinations in R repositories, B blobs of which some are shared.
func TestFirstCopyRequests(t *testing.T) {
	const images, tags = 12, 2
	src, dst := testkit.InProcess(t, nil), testkit.Distribution(t, false)
	lines := shared(t, src, images, "")
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: tags * images})
	const large, small = 2 + images, images // layers, and configs that are too small for a check
	for host, want := range map[string]map[string]int64{
		src.Host: {"GET ping": pings, "HEAD manifest": images, "GET manifest": images, "GET blob": large + small},
		dst.Host: {
			"GET ping": pings, "HEAD manifest": tags * images,
			"GET manifest": 1, // checks whether a 404 to HEAD is true
			"HEAD blob":    large, "POST upload": large, "PUT blob": large + small,
			"POST mount":   small + 2*(images-1), // the upload of a config is opened by a mount
			"PUT manifest": tags * images,
		},
	} {
		if got := counts(report, host); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
}

// TestFewChanged counts the requests of a run with two changed sources: those
// of a run with nothing to do, and those for the new images.
func TestFewChanged(t *testing.T) {
	const images, tags, changed = 12, 2, 2
	src, dst := testkit.InProcess(t, nil), testkit.Distribution(t, false)
	lines := shared(t, src, images, "")
	run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	shared(t, src, changed, "new")
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: tags * changed, mirror.Unchanged: tags * (images - changed)})
	for host, want := range map[string]map[string]int64{
		src.Host: {"GET ping": pings, "HEAD manifest": images, "GET manifest": changed, "GET blob": 2 * changed},
		dst.Host: {
			"GET ping": pings, "HEAD manifest": tags*images + changed,
			"GET manifest": changed, // the tag's old image shows that the shared layers exist
			"HEAD blob":    changed, "POST upload": changed, "PUT blob": 2 * changed,
			"POST mount": changed, "PUT manifest": tags * changed,
		},
	} {
		if got := counts(report, host); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
}

// TestPlanTellsTheRun compares plans with the runs that follow: a first copy
// with an index, and one after some sources have changed.
func TestPlanTellsTheRun(t *testing.T) {
	src, dst := testkit.InProcess(t, nil), testkit.Distribution(t, false)
	lines := shared(t, src, 8, "")
	index := testkit.Index(t, map[string]mutate.Appendable{
		"linux/amd64": testkit.Image(t, "amd", testkit.Layer(1, 300_000), testkit.Layer(50, 70_000)),
		"linux/arm64": testkit.Image(t, "arm", testkit.Layer(1, 300_000), testkit.Layer(51, 70_000)),
	}, "linux/amd64", "linux/arm64")
	src.Push(t, "ci/multi:v1", index)
	lines = append(lines, "$src/ci/multi:v1 $dst/org/multi:v1 $dst/other/multi:v1")
	for _, label := range []string{"", "new", "newer still"} {
		shared(t, src, 3, label)
		planned := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Mode: mirror.ModePlan})
		done := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
		if planned.Moved != done.Moved || planned.Expected != done.Requests {
			t.Errorf("the plan said %+v and %d requests, the run took %+v and %d:\n%v\n%v", planned.Moved, planned.Expected,
				done.Moved, done.Requests, counts(planned, dst.Host), counts(done, dst.Host))
		}
		if done.Moved.Blobs == 0 || planned.Requests >= done.Requests {
			t.Errorf("%d requests to plan, %d to run, %+v", planned.Requests, done.Requests, done.Moved)
		}
	}
}

// Some mounts fail before one works, because the registry is in trouble: mounts
// are still used, and layers are not sent to every repository.
func TestMountsAfterTrouble(t *testing.T) {
	const images, attempts, failed = 12, 4, 4
	var log testkit.Recorder
	src, dst := testkit.InProcess(t, nil), strict.New(strict.Options{}).Serve(t, log.Wrap)
	src.Push(t, "ci/stream:base", testkit.Image(t, "base", testkit.Layer(1, 300_000)))
	first := []string{"$src/ci/stream:base $dst/org/base:a"}
	wantSummary(t, run(t, plan(t, src, dst, first...), mirror.Options{Client: client(t)}), map[mirror.Outcome]int{mirror.Copied: 1})
	var mounts atomic.Int64
	log.Fault = func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		from := r.URL.Query().Get("from")
		if from == "" || strings.Contains(r.URL.Path, from+"/blobs") || mounts.Add(1) > attempts*failed {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	lines := first
	for i := range images {
		src.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(i), testkit.Layer(1, 300_000)))
		lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a", i, i))
	}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Parallel: 1})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: images, mirror.Unchanged: 1})
	if sent := report.Moved.Blobs - images; sent > failed+1 || report.Moved.Mounts < images-failed-1 {
		t.Errorf("the layer was sent %d times and mounted %d times; %d mounts failed", sent, report.Moved.Mounts, failed)
	}
}
