package chaos

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

const large = 6 << 20

// broken cuts some requests of a class after a number of bytes, which the
// registry keeps. It counts all bytes that arrive.
type broken struct {
	class string
	cuts  []int64
	after int // requests of the class that are let through first
	bytes atomic.Int64
	seen  int
}

func (b *broken) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		class := testkit.Class(r)
		if class == "PUT upload" || class == "PATCH upload" {
			r.Body = &counted{r.Body, &b.bytes}
		}
		if class == b.class && r.ContentLength > 1000 {
			if b.seen++; b.seen > b.after && len(b.cuts) > 0 {
				n := b.cuts[0]
				b.cuts = b.cuts[1:]
				r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, n), failing{}))
				h.ServeHTTP(w, r)
				(&Fault{w: w}).reset()
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// largeImage is one image with a layer of some megabytes.
func (w *world) largeImage() {
	d := w.image(w.sites[src], "ci/stream", "large", w.layer(large))
	w.want[dst+"/org/large:1"] = d.Digest
	w.lines = []string{fmt.Sprintf("%s/ci/stream:large %s/org/large:1", src, dst)}
}

// A broken upload continues from what the registry has. Only bytes in flight
// are sent again.
func TestUploadGoesOn(t *testing.T) {
	for name, tt := range map[string]struct {
		opts  strict.Options
		fault *broken
		most  float64 // bytes sent, in sizes of the blob
	}{
		"in one piece":       {fault: &broken{class: "PUT upload", cuts: []int64{5 << 20}}, most: 1.1},
		"early":              {fault: &broken{class: "PUT upload", cuts: []int64{2 << 20}}, most: 1.1},
		"in chunks":          {opts: strict.Options{MaxBody: 1 << 20}, fault: &broken{class: "PATCH upload", after: 2, cuts: []int64{600_000, 300_000}}, most: 1.1},
		"nothing has come":   {fault: &broken{class: "PUT upload", cuts: []int64{0, 0}}, most: 1.1},
		"and not from there": {opts: strict.Options{TakeAtMost: 700_000}, fault: &broken{class: "PUT upload", cuts: []int64{1 << 20}}, most: 3},
	} {
		t.Run(name, func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.sites[dst].calm = strict.New(tt.opts)
				w.largeImage()
				w.handler(src, nil)
				w.handler(dst, tt.fault.Wrap)
				report, _ := w.finish(registry.Options{})
				if report.Summary[mirror.Copied] != 1 {
					t.Errorf("outcomes %v: %s", report.Summary, report.Entries[0].Error)
				}
				sent := float64(tt.fault.bytes.Load()) / large
				if sent > tt.most || len(tt.fault.cuts) > 0 {
					t.Errorf("%.2f times the blob was sent, %d faults did not happen", sent, len(tt.fault.cuts))
				}
				t.Logf("%.2f times the blob was sent", sent)
			})
		})
	}
}

// A token that expires during an upload in chunks is renewed; the chunk is sent
// again, not the blob.
func TestTokenEndsDuringUpload(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.sites[dst].calm = strict.New(strict.Options{MaxBody: 1 << 20})
		w.largeImage()
		w.handler(src, nil)
		var bytes atomic.Int64
		chunks := 0
		account := strict.Account{User: "mirror", Password: "s3cret", Push: []string{"org"}, Pull: []string{"org"}}
		tokens := &strict.Tokens{Accounts: []strict.Account{account}}
		w.handler(dst, func(h http.Handler) http.Handler {
			h = tokens.Wrap(h)
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if testkit.Class(r) == "PATCH upload" && r.ContentLength <= 1<<20 {
					if chunks++; chunks%3 == 0 {
						tokens.Expire()
					}
					r.Body = &counted{r.Body, &bytes}
				}
				h.ServeHTTP(rw, r)
			})
		})
		report, _ := w.finish(registry.Options{})
		if report.Summary[mirror.Copied] != 1 {
			t.Errorf("outcomes %v: %s", report.Summary, report.Entries[0].Error)
		}
		if sent := float64(bytes.Load()) / large; sent > 1.5 || chunks < 7 {
			t.Errorf("%.2f times the blob in %d chunks", sent, chunks)
		}
	})
}

// A blob is not sent again if only the last response was lost.
func TestLostAnswers(t *testing.T) {
	for _, class := range []string{"PUT upload", "PUT manifest", "POST upload", "mount"} {
		t.Run(strings.ReplaceAll(class, " ", "-"), func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.smallImages(5, dst)
				w.handler(src, nil)
				lost, puts := &Injector{Rate: 1, Kinds: Named("lost answer")}, map[string]int{}
				first := map[string]bool{}
				lock := make(chan struct{}, 1)
				w.handler(dst, func(h http.Handler) http.Handler {
					spoilt := lost.Wrap(h)
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						lock <- struct{}{}
						c := testkit.Class(r)
						if c == "PUT upload" {
							puts[r.URL.Path[:strings.LastIndex(r.URL.Path, "/")]+r.URL.Query().Get("digest")]++
						}
						key := r.URL.Path + r.URL.Query().Get("digest") + r.URL.Query().Get("mount")
						again := first[key]
						first[key] = true
						<-lock
						if c == class && !again {
							spoilt.ServeHTTP(rw, r)
							return
						}
						h.ServeHTTP(rw, r)
					})
				})
				report, _ := w.finish(registry.Options{})
				if report.Summary[mirror.Copied] != 5 {
					t.Errorf("outcomes %v: %v", report.Summary, report.Failures())
				}
				for blob, n := range puts {
					if n != 1 {
						t.Errorf("%s was sent %d times", blob, n)
					}
				}
			})
		})
	}
}

// An upload fails if the registry accepts almost nothing of each chunk, because
// the blob would be read endlessly.
func TestCrumbs(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.sites[dst].calm = strict.New(strict.Options{MaxBody: 1 << 20, TakeAtMost: 10})
		w.largeImage()
		w.handler(src, nil)
		asked := w.handler(dst, nil)
		report, _ := w.finish(registry.Options{})
		if e := report.Entries[0]; e.Cause != mirror.CauseOther || !strings.Contains(e.Error, "only pieces of 10 bytes") {
			t.Errorf("%s, %s: %s", e.Outcome, e.Cause, e.Error)
		}
		if asked.Load() > 50 {
			t.Errorf("%d requests", asked.Load())
		}
	})
}
