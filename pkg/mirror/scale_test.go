package mirror_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// simulated is every registry in the mappings of this file: images with two
// common layers and their own layer and config. If full is set, the
// destinations already have everything.
type simulated struct {
	full bool
	tags sync.Map // digest: the tag that has it
}

type simulatedImage struct {
	manifest, digest string
}

func sha(s string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s))) }

// image returns the image of a tag or digest. Source and destination have the
// same tags.
func (s *simulated) image(ref string) simulatedImage {
	if tag, ok := s.tags.Load(ref); ok {
		ref = tag.(string)
	}
	layer := func(content string) string {
		return fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":%q,"size":%d}`, sha(content), len(content))
	}
	m := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":%s,"layers":[%s,%s,%s]}`, registry.OCIManifest,
		layer("config of "+ref), layer("base one"), layer("base two"), layer("layer of "+ref))
	image := simulatedImage{m, sha(m)}
	if !s.full {
		s.tags.Store(image.digest, ref)
	}
	return image
}

func (s *simulated) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/2.0", ProtoMajor: 2, Header: http.Header{}, Body: http.NoBody, Request: r,
	}
	slash := strings.LastIndexByte(r.URL.Path, '/')
	dir, ref := r.URL.Path[:slash], r.URL.Path[slash+1:]
	destination := strings.HasPrefix(r.URL.Host, "dst")
	switch {
	case strings.HasSuffix(dir, "/manifests") && (!destination || s.full):
		image := s.image(ref)
		resp.Header.Set("Docker-Content-Digest", image.digest)
		resp.Header.Set("Content-Type", registry.OCIManifest)
		if r.Method == http.MethodGet {
			resp.Body = io.NopCloser(strings.NewReader(image.manifest))
		}
	case strings.HasSuffix(dir, "/manifests"):
		resp.StatusCode = http.StatusNotFound
	}
	return resp, nil
}

// mappings returns a mapping file with n entries: sources in 50 repositories,
// ten destinations in each repository.
func mappings(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "src.test/ci/stream-%d:tag-%d dst.test/org/image-%d:tag-%d\n", i%50, i, i/10, i)
	}
	return b.Bytes()
}

// scaled is the cost of a run over n entries.
type scaled struct {
	perEntry time.Duration // CPU time, because wall-clock time depends on other processes
	peak     uint64        // maximum of the heap in bytes
}

// scale plans and runs a mapping file with n entries in a mode.
func scale(t testing.TB, n int, mode mirror.Mode, full bool) scaled {
	t.Helper()
	text := mappings(n)
	sim := &simulated{full: full}
	client := registry.New(registry.Options{Transport: sim})
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	var out scaled
	var done atomic.Int64
	start := testkit.CPUTime(t)
	p, err := mirror.NewPlan([]*mapping.File{mapping.Parse("mapping_test", text)}, mirror.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := mirror.Run(t.Context(), p, mirror.Options{Mode: mode, Client: client, Done: func(mirror.Entry) {
		if done.Add(1)%500 == 0 {
			metrics.Read(sample)
			out.peak = max(out.peak, sample[0].Value.Uint64())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	out.perEntry = (testkit.CPUTime(t) - start) / time.Duration(n)
	want := mirror.Unchanged
	if !full {
		want = mirror.Planned
	}
	if report.Summary[want] != n {
		t.Fatalf("%v, want %d %s: %s", report.Summary, n, want, report.Entries[0].Error)
	}
	return out
}

// TestScale checks that the cost per entry stays about the same for ten times
// as many entries: no step of a run may be quadratic.
func TestScale(t *testing.T) {
	for _, full := range []bool{true, false} {
		best := func(n int) time.Duration {
			least := time.Hour
			for range 2 {
				least = min(least, scale(t, n, mirror.ModePlan, full).perEntry)
			}
			return least
		}
		small, large := best(300), best(3000)
		t.Logf("nothing to do: %v: an entry of 300 takes %v, one of 3000 takes %v", full, small, large)
		if large > 4*small {
			t.Errorf("nothing to do: %v: an entry of 300 takes %v, one of 3000 takes %v", full, small, large)
		}
	}
}

// BenchmarkEntries measures the cost per entry in runs of 1,000, 10,000 and
// 100,000 entries: of planning, with nothing to do and with everything to do,
// on simulated registries that cost almost nothing. Garbage collection is set
// as in the command.
func BenchmarkEntries(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	for _, c := range []struct {
		name string
		full bool
	}{{"unchanged", true}, {"all new", false}} {
		var first time.Duration
		for _, n := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				var last scaled
				for b.Loop() {
					last = scale(b, n, mirror.ModePlan, c.full)
				}
				if n == 1_000 {
					first = last.perEntry
				}
				b.ReportMetric(float64(last.perEntry.Nanoseconds()), "ns/entry")
				b.ReportMetric(float64(last.perEntry)/float64(first), "ratio")
				b.ReportMetric(float64(last.peak)/(1<<20), "peak-MiB")
				if last.peak > 300_000_000 {
					b.Errorf("%d bytes of memory", last.peak)
				}
			})
		}
	}
}
