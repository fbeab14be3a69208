package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// pings are what it takes to find out that a registry speaks plain HTTP: the
// TLS handshake that fails is no request.
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

// TestFirstCopy counts what a first copy reads and writes on a registry whose
// blobs belong to repositories: every blob once over the wire.
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

// TestSlowRepository has a repository that does not answer before everything
// else is done: what was asked of it first holds up nothing.
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
