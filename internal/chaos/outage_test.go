package chaos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// handler serves a site of a plain world, behind wrap, until the test ends. It
// returns the number of requests.
func (w *world) handler(name string, wrap func(http.Handler) http.Handler) *atomic.Int64 {
	var n atomic.Int64
	h := http.Handler(w.sites[name].calm)
	if wrap != nil {
		h = wrap(h)
	}
	stop := w.serve(name, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		n.Add(1)
		h.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(stop)
	return &n
}

const src, dst, other = "src.test:8443", "dst.test:8443", "other.test:8443"

// smallImages makes n small images with two layers, one of them common, and
// lines that mirror each to its own repositories.
func (w *world) smallImages(n int, hosts ...string) {
	base := w.layer(2_000)
	for i := range n {
		d := w.image(w.sites[src], "ci/stream", fmt.Sprintf("i%d", i), base, w.layer(500))
		line := fmt.Sprintf("%s/ci/stream:i%d", src, i)
		for _, h := range hosts {
			to := fmt.Sprintf("%s/org/app-%d:v1", h, i)
			line += " " + to
			w.want[to] = d.Digest
		}
		w.lines = append(w.lines, line)
	}
}

func plain(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.tls = false
		f(t, w)
	})
}

// finish runs the world's lines with a client of its own.
func (w *world) finish(opts registry.Options) (report *mirror.Report, took time.Duration) {
	w.t.Helper()
	client := w.client(opts)
	start := time.Now()
	report = w.run(w.t.Context(), mirror.Options{Client: client})
	took = time.Since(start)
	client.Close()
	w.check(report)
	return report, took
}

func hostStats(t *testing.T, r *mirror.Report, host string) throttle.HostStats {
	t.Helper()
	i := slices.IndexFunc(r.Hosts, func(h throttle.HostStats) bool { return h.Host == host })
	if i < 0 {
		t.Fatalf("no statistics of %s", host)
	}
	return r.Hosts[i]
}

func always(status int) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
}

// Entries of a registry that is down fail fast; other entries are not affected.
func TestRegistryIsDown(t *testing.T) {
	for _, how := range []string{"503", "500", "refused", "reset", "silent"} {
		t.Run(how, func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				const n = 150
				w.smallImages(n, dst, other)
				w.handler(src, nil)
				w.handler(other, nil)
				wraps := map[string]func(http.Handler) http.Handler{
					"503": always(503), "500": always(500),
					"reset":  (&Injector{Rate: 1, Kinds: Named("reset after the request")}).Wrap,
					"silent": (&Injector{Rate: 1, Kinds: Named("stall before the response")}).Wrap,
				}
				asked := &atomic.Int64{}
				if wrap, ok := wraps[how]; ok {
					asked = w.handler(dst, wrap)
				}
				report, took := w.finish(registry.Options{})
				if report.Summary[mirror.Copied] != n || report.Summary[mirror.Failed] != n {
					t.Errorf("outcomes %v", report.Summary)
				}
				counted := 0
				for _, f := range report.Failures() {
					if counted += f.Entries; f.Host != dst || f.Cause != mirror.CauseUnavailable {
						t.Errorf("%+v", f)
					}
				}
				if most := 10 * time.Minute; took > most || counted != n {
					t.Errorf("the run took %v, and %d entries failed for a reason", took, counted)
				}
				if asked.Load() > n {
					t.Errorf("the registry that is down got %d requests for %d entries", asked.Load(), n)
				}
				t.Logf("%v, %d requests to the registry that is down: %v", took, asked.Load(), report.Failures())
				if down := hostStats(t, report, dst).Down; len(down) != 1 || down[0].Until != nil {
					t.Errorf("outages %+v", down)
				}
			})
		})
	}
}

// A registry that comes back is used again.
func TestRegistryComesBack(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.smallImages(300, dst)
		w.handler(src, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				time.Sleep(5 * time.Second) // so that the run lasts
				h.ServeHTTP(rw, r)
			})
		})
		start := time.Now()
		w.handler(dst, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if at := time.Since(start); at > 20*time.Second && at < 90*time.Second {
					rw.WriteHeader(http.StatusBadGateway)
					return
				}
				h.ServeHTTP(rw, r)
			})
		})
		report, took := w.finish(registry.Options{MaxPerHost: 4})
		down := hostStats(t, report, dst).Down
		if len(down) != 1 || down[0].Until == nil {
			t.Fatalf("outages %+v", down)
		}
		if late := down[0].Until.Sub(start); late < 90*time.Second || late > 3*time.Minute {
			t.Errorf("noticed after %v that the registry is back", late)
		}
		if report.Summary[mirror.Copied] < 200 || report.Summary[mirror.Failed] == 0 {
			t.Errorf("outcomes %v", report.Summary)
		}
		t.Logf("%v, outcomes %v, %v", took, report.Summary, report.Failures())
	})
}

// A layer that never arrives fails its image soon.
func TestBrokenLayer(t *testing.T) {
	for _, kind := range []string{"cut body", "stall in the body", "status 500", "429", "429 absurd", "a byte changed", "other bytes", "too short"} {
		t.Run(kind, func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.smallImages(20, dst, other)
				broken := w.image(w.sites[src], "ci/stream", "broken", w.layer(9_000))
				w.lines = append(w.lines, fmt.Sprintf("%s/ci/stream:broken %s/org/broken:1 %s/org/broken:1", src, dst, other))
				for _, h := range []string{dst, other} {
					w.want[h+"/org/broken:1"] = broken.Digest
				}
				in := &Injector{Rate: 1, Kinds: Named(kind)}
				var asked atomic.Int64
				w.handler(src, func(h http.Handler) http.Handler {
					spoilt := in.Wrap(h)
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						// net/http itself retries a request that breaks on a
						// reused connection.
						rw.Header().Set("Connection", "close")
						if testkit.Class(r) == "GET blob" && len(w.known[digestOf(r)]) == 9_000 {
							asked.Add(1)
							spoilt.ServeHTTP(rw, r)
							return
						}
						h.ServeHTTP(rw, r)
					})
				})
				w.handler(dst, nil)
				w.handler(other, nil)
				report, took := w.finish(registry.Options{})
				if report.Summary[mirror.Copied] != 40 || report.Summary[mirror.Failed] != 2 {
					t.Errorf("outcomes %v", report.Summary)
				}
				if took > 30*time.Minute || asked.Load() > 20 {
					t.Errorf("%v and %d requests for one layer", took, asked.Load())
				}
				t.Logf("%v, %d requests for the layer: %v", took, asked.Load(), report.Failures())
			})
		})
	}
}

// A registry that throttles gets requests at the rate that it accepts, and the
// report shows that.
func TestThrottled(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.smallImages(300, dst)
		w.handler(src, nil)
		refused := 0
		var second time.Time
		n := 0
		total := w.handler(dst, func(h http.Handler) http.Handler {
			lock := make(chan struct{}, 1)
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				lock <- struct{}{}
				if time.Since(second) >= time.Second {
					second, n = time.Now(), 0
				}
				n++
				over := n > 20 // requests a second
				if over {
					refused++
				}
				<-lock
				if over {
					rw.Header().Set("Retry-After", "1")
					rw.WriteHeader(http.StatusTooManyRequests)
					return
				}
				time.Sleep(20 * time.Millisecond)
				h.ServeHTTP(rw, r)
			})
		})
		report, took := w.finish(registry.Options{})
		stats := hostStats(t, report, dst)
		if report.Summary[mirror.Copied] != 300 {
			t.Errorf("outcomes %v: %v", report.Summary, report.Failures())
		}
		if share := float64(refused) / float64(total.Load()); share > 0.1 {
			t.Errorf("%d of %d requests were too many", refused, total.Load())
		}
		if ideal := time.Duration(total.Load()) * time.Second / 20; took > 2*ideal {
			t.Errorf("the run took %v, at the rate allowed it is %v", took, ideal)
		}
		if stats.Throttled != int64(refused) || len(stats.Slowed) == 0 || stats.Paced == 0 || stats.Paused == 0 {
			t.Errorf("refused %d, statistics %+v", refused, stats)
		}
		t.Logf("%v, %d of %d refused; paused %.0f s, paced %.0f s, slowed %d times", took, refused, total.Load(), stats.Paused, stats.Paced, len(stats.Slowed))
	})
}

// Lists save requests to registries that answer few, too, although they have to
// wait for their turn.
func TestThrottledLists(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		const repositories, tags = 20, 12
		for i := range repositories * (tags + 20) {
			from, to := fmt.Sprintf("ci/stream-%d:%d", i/tags, i%tags), fmt.Sprintf("org/app-%d:%d", i/tags, i%tags)
			if i >= repositories*tags { // no list has these
				from, to = fmt.Sprintf("ci/alone-%d:v1", i), fmt.Sprintf("org/alone-%d:v1", i)
			}
			repo, tag, _ := strings.Cut(from, ":")
			w.want[dst+"/"+to] = w.image(w.sites[src], repo, tag, w.layer(500)).Digest
			w.lines = append(w.lines, src+"/"+from+" "+dst+"/"+to)
		}
		w.handler(src, nil)
		w.handler(dst, nil)
		w.finish(registry.Options{})
		limited := func(h http.Handler) http.Handler { return (&testkit.Quay{PerSecond: 5}).Wrap(h) }
		w.handler(src, limited)
		w.handler(dst, limited)
		client := w.client(registry.Options{})
		defer client.Close()
		report := w.run(t.Context(), mirror.Options{Client: client, Lists: true})
		w.check(report)
		if n := report.Summary[mirror.Unchanged]; n != len(w.lines) {
			t.Errorf("outcomes %v: %v", report.Summary, report.Failures())
		}
		for _, host := range []string{src, dst} {
			stats := hostStats(t, report, host)
			if stats.Listed < repositories*tags/2 || stats.Throttled == 0 {
				t.Errorf("%s: %d tags were listed, want half of %d; %d answers 429", host, stats.Listed, repositories*tags, stats.Throttled)
			}
		}
	})
}

// A Retry-After delays all requests to the host, including those that are
// already waiting.
func TestRetryAfterIsForAll(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.smallImages(100, dst, other)
		w.handler(src, nil)
		var until time.Time
		early := 0
		w.handler(dst, func(h http.Handler) http.Handler {
			lock := make(chan struct{}, 1)
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				lock <- struct{}{}
				first := until.IsZero() && testkit.Class(r) == "HEAD manifest"
				if first {
					until = time.Now().Add(30 * time.Second)
				}
				if !first && time.Now().Before(until.Add(-time.Second)) && time.Now().After(until.Add(-29*time.Second)) {
					early++
				}
				<-lock
				if first {
					rw.Header().Set("Retry-After", until.UTC().Format(http.TimeFormat))
					rw.WriteHeader(http.StatusTooManyRequests)
					return
				}
				time.Sleep(100 * time.Millisecond)
				h.ServeHTTP(rw, r)
			})
		})
		w.handler(other, nil)
		report, _ := w.finish(registry.Options{MaxPerHost: 4})
		if report.Summary[mirror.Copied] != 200 || early != 0 {
			t.Errorf("outcomes %v, %d requests came while none was to come", report.Summary, early)
		}
	})
}

// If everything fails, the number of retries is limited.
func TestRetriesOfARunAreBounded(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.smallImages(600, dst)
		w.handler(src, nil)
		in := &Injector{Seed: 1, Rate: 0.85, Kinds: Named("status 502")}
		w.handler(dst, in.Wrap)
		report, _ := w.finish(registry.Options{})
		stats := hostStats(t, report, dst)
		var failed int64
		for _, c := range stats.By {
			if c.Status == 502 {
				failed += c.Count
			}
		}
		if good := report.Requests - failed; stats.Retries > good+200 {
			t.Errorf("%d retries, %d requests that did not fail", stats.Retries, good)
		}
		spent := 0
		for _, e := range report.Entries {
			if strings.Contains(e.Error, "not retried: the retry budget") {
				spent++
			}
		}
		if spent == 0 {
			t.Error("no entry reports that the retry budget is used up")
		}
		t.Logf("%d requests, %d failed, %d retries, outcomes %v, %d entries out of retries", report.Requests, failed, stats.Retries, report.Summary, spent)
	})
}
