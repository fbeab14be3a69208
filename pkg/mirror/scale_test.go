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
	"syscall"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// simulated is every registry that the mappings of this file name: images of two
// layers that all have and a layer and a config of their own. full says that
// the destinations have everything already.
type simulated struct {
	full bool
	tags sync.Map // digest: the tag that has it
}

type simulatedImage struct {
	manifest, digest string
}

func sha(s string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s))) }

// image makes the image that a tag or digest stands for. Source and destination
// have the same tags.
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

// mappings is a mapping file of n entries: sources in 50 repositories,
// destinations ten to a repository.
func mappings(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "src.test/ci/stream-%d:tag-%d dst.test/org/image-%d:tag-%d\n", i%50, i, i/10, i)
	}
	return b.Bytes()
}

// scaled is what a run over n entries took.
type scaled struct {
	perEntry time.Duration // of the processors, which others' work disturbs less than the clock's
	peak     uint64        // bytes that the heap had at the most
}

// used is the time that the processors worked for this process.
func used(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// scale plans and carries out a mapping file of n entries in a mode.
func scale(t testing.TB, n int, mode mirror.Mode, full bool) scaled {
	t.Helper()
	text := mappings(n)
	sim := &simulated{full: full}
	client := registry.New(registry.Options{Transport: sim})
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	var out scaled
	var done atomic.Int64
	start := used(t)
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
	out.perEntry = (used(t) - start) / time.Duration(n)
	want := mirror.Unchanged
	if !full {
		want = mirror.Planned
	}
	if report.Summary[want] != n {
		t.Fatalf("%v, want %d %s: %s", report.Summary, n, want, report.Entries[0].Error)
	}
	return out
}

// TestScale has ten times as many entries cost about as much for each: no step
// of a run may be quadratic.
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

// BenchmarkEntries shows what an entry costs in runs of 1,000, 10,000 and
// 100,000: planned from the text, with nothing to do and with everything to do,
// on registries that are simulated and cost next to nothing. Memory is collected
// as the command has it.
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
