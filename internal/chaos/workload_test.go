package chaos

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// passing are temporary faults.
var passing = []string{
	"status 500", "status 502", "status 503", "status 504", "429", "429 seconds", "503 seconds", "reset before the request is read",
	"reset after the request", "closed without a response", "reset in the headers", "lost answer", "error after success",
	"cut body", "cut body at its start", "cut body near its end", "stall before the response", "stall in the body", "cut after a part was stored",
	"connection closed after the response",
}

// bursts answers every request of some seconds of each minute with 429.
func bursts(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if second := time.Now().Second(); second >= 10 && second < 22 {
			w.Header().Set("Retry-After", "4")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// manyImages returns 300 images with four common layers and one of their own,
// each for three tags of its own repository.
func (w *world) manyImages() {
	var base [][]byte
	for range 4 {
		base = append(base, w.layer(2_000))
	}
	for i := range 300 {
		d := w.image(w.sites[src], "ci/stream", fmt.Sprintf("i%d", i), append(base[:4:4], w.layer(300))...)
		line := fmt.Sprintf("%s/ci/stream:i%d", src, i)
		for k := range 3 {
			to := fmt.Sprintf("%s/org/app-%d:v%d", dst, i, k)
			line += " " + to
			w.want[to] = d.Digest
		}
		w.lines = append(w.lines, line)
	}
}

// TestTenPercentFail copies 300 images to 900 tags while a tenth of all
// requests fails at random and 429 comes in bursts: all arrive, with few more
// requests than without faults.
func TestTenPercentFail(t *testing.T) {
	var quiet *mirror.Report
	plain(t, func(t *testing.T, w *world) {
		w.manyImages()
		w.handler(src, nil)
		w.handler(dst, nil)
		quiet, _ = w.finish(registry.Options{})
	})
	for seed := range uint64(3) {
		plain(t, func(t *testing.T, w *world) {
			w.manyImages()
			var injectors []*Injector
			for i, host := range []string{src, dst} {
				in := &Injector{Seed: seed*2 + uint64(i), Rate: 0.1, Kinds: Named(passing...)}
				injectors = append(injectors, in)
				w.handler(host, func(h http.Handler) http.Handler { return bursts(in.Wrap(h)) })
			}
			report, took := w.finish(registry.Options{})
			if report.Summary[mirror.Copied] != 900 {
				t.Errorf("seed %d: outcomes %v: %v", seed, report.Summary, report.Failures())
			}
			var retries, throttled int64
			for _, h := range report.Hosts {
				retries += h.Retries
				throttled += h.Throttled
			}
			if most := quiet.Requests*3/2 + retries; report.Requests > most {
				t.Errorf("seed %d: %d requests, more than %d: 1.5 times the %d of a quiet run and %d retries", seed, report.Requests, most, quiet.Requests, retries)
			}
			if report.Moved.Blobs > quiet.Moved.Blobs*11/10 {
				t.Errorf("seed %d: %d blobs were sent, in a quiet run %d", seed, report.Moved.Blobs, quiet.Moved.Blobs)
			}
			spoilt := 0
			for _, in := range injectors {
				spoilt += in.Total()
			}
			t.Logf("seed %d: %d requests (quiet: %d), %d spoilt at random, %d throttled, %d retries: %.2f times a quiet run without the retries; %d blobs (quiet: %d); %v of its own time",
				seed, report.Requests, quiet.Requests, spoilt, throttled, retries, float64(report.Requests-retries)/float64(quiet.Requests), report.Moved.Blobs, quiet.Moved.Blobs, took)
		})
	}
}
