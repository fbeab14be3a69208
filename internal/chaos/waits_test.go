package chaos

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// tooMany answers 429 with Retry-After.
func tooMany(w http.ResponseWriter, after string) {
	w.Header().Set("Retry-After", after)
	w.WriteHeader(http.StatusTooManyRequests)
}

// An image whose layers are throttled repeatedly does not use up the retry
// budget, because the registry works.
func TestThrottledLayers(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		var layers [][]byte
		for range 16 {
			layers = append(layers, w.layer(3_000))
		}
		w.want[dst+"/org/app:1"] = w.image(w.sites[src], "ci/stream", "1", layers...).Digest
		w.lines = []string{src + "/ci/stream:1 " + dst + "/org/app:1"}
		var seen sync.Map
		w.handler(src, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				n := 0
				if testkit.Class(r) == "GET blob" {
					before, _ := seen.Load(r.URL.Path)
					n, _ = before.(int)
					seen.Store(r.URL.Path, n+1)
				}
				if testkit.Class(r) == "GET blob" && n < 8 {
					tooMany(rw, "1")
					return
				}
				h.ServeHTTP(rw, r)
			})
		})
		w.handler(dst, nil)
		report, took := w.finish(registry.Options{})
		if report.Summary[mirror.Copied] != 1 {
			t.Errorf("after %v: %v", took, report.Entries[0].Error)
		}
	})
}

// A transfer that waits for Retry-After does not block other registries,
// whether its download has not begun or broke.
func TestWaitingHoldsNothing(t *testing.T) {
	for name, half := range map[string]bool{"before the first byte": false, "in the middle": true} {
		t.Run(name, func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				for i := range 10 {
					for from, s := range map[string]string{"slow": src, "quick": other} {
						to := fmt.Sprintf("%s/org/%s-%d:1", dst, from, i)
						w.want[to] = w.image(w.sites[s], "ci/stream", fmt.Sprint(i), w.layer(90_000)).Digest
						w.lines = append(w.lines, fmt.Sprintf("%s/ci/stream:%d %s", s, i, to))
					}
				}
				start := time.Now()
				w.handler(src, func(h http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						layer := len(w.known[digestOf(r)]) == 90_000
						switch {
						case testkit.Class(r) != "GET blob" || half && !layer || time.Since(start) > time.Minute:
							h.ServeHTTP(rw, r)
						case half && r.Header.Get("Range") == "":
							rw.Header().Set("Content-Length", "90000")
							rw.Write(w.known[digestOf(r)][:40_000])
							panic(http.ErrAbortHandler)
						default:
							tooMany(rw, "60")
						}
					})
				})
				w.handler(other, func(h http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						time.Sleep(time.Second)
						h.ServeHTTP(rw, r)
					})
				})
				w.handler(dst, nil)
				report, _ := w.finish(registry.Options{MaxPerHost: 2})
				for _, e := range report.Entries {
					slow := strings.HasPrefix(e.Source, src)
					if took := e.Started + e.Seconds; e.Outcome != mirror.Copied || slow != (took > 50) {
						t.Errorf("%s to %s: %s after %.1f s: %s", e.Source, e.Destination, e.Outcome, took, e.Error)
					}
				}
			})
		})
	}
}
