package chaos

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

func nobody(string) bool { return false }

// A registry that wrongly reports the same digest for two tags is trusted; deep
// verification finds and repairs that.
func TestTheSameLieTwice(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		to := src + "/org/app:v1"
		w.want[to] = w.image(w.sites[src], "ci/stream", "i", w.layer(300)).Digest
		w.image(w.sites[src], "org/app", "v1", w.layer(300))
		w.lines = []string{src + "/ci/stream:i " + to}
		w.handler(src, func(h http.Handler) http.Handler {
			return on("HEAD manifest", func(rw http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				rec.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("5", 64))
				maps.Copy(rw.Header(), rec.Header())
				rw.WriteHeader(rec.Code)
			})(h)
		})
		client := w.client(registry.Options{})
		defer client.Close()
		if e := w.run(t.Context(), mirror.Options{Client: client}).Entries[0]; e.Outcome != mirror.Unchanged {
			t.Errorf("%s %s: not what this test is for", e.Outcome, e.Error)
		}
		for _, mode := range []mirror.Mode{mirror.ModeCheck, mirror.ModeRun} {
			deep := w.client(registry.Options{})
			report := w.run(t.Context(), mirror.Options{Client: deep, Mode: mode, Deep: true})
			deep.Close()
			if e := report.Entries[0]; e.Outcome == mirror.Unchanged {
				t.Errorf("deep verification (%s) does not find it: %+v", mode, e)
			} else {
				t.Logf("%s: %s %s", mode, e.Outcome, e.Error)
			}
		}
	})
}

// Only hosts named by --insecure get requests over plain HTTP.
func TestPlainHTTPIsNotTried(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.smallImages(3, dst)
		asked := w.handler(src, nil)
		w.handler(dst, nil)
		report, _ := w.finish(registry.Options{Insecure: func(host string) bool { return host == dst }})
		if report.Summary[mirror.Failed] != 3 || asked.Load() != 0 {
			t.Errorf("outcomes %v, %d requests over plain http", report.Summary, asked.Load())
		}
		if e := report.Entries[0].Error; !strings.Contains(e, "TLS") && !strings.Contains(e, "tls") {
			t.Errorf("the error does not name TLS: %s", e)
		}
	})
}

// A certificate of an unknown authority fails all entries after one attempt.
func TestCertificatesAreVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.tls = true
		w.smallImages(3, dst)
		asked := w.handler(src, nil)
		w.handler(dst, nil)
		client := w.client(registry.Options{Insecure: nobody}, x509.NewCertPool())
		report := w.run(t.Context(), mirror.Options{Client: client})
		client.Close()
		if report.Summary[mirror.Failed] != 3 || asked.Load() != 0 || report.Hosts[1].Retries != 0 {
			t.Errorf("outcomes %v, %d requests, %+v", report.Summary, asked.Load(), report.Hosts)
		}
		if e := report.Entries[0].Error; !strings.Contains(e, "x509") {
			t.Errorf("the error does not name the certificate: %s", e)
		}
	})
}

// A redirect from https to plain http is not followed, for blobs and uploads.
func TestNoWayFromTLSToPlain(t *testing.T) {
	for _, class := range []string{"GET blob", "GET manifest", "POST upload"} {
		t.Run(strings.ReplaceAll(class, " ", "-"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.tls = false
				var asked atomic.Int64
				stop := w.serve("plain.test:80", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
				defer stop()
				w.tls = true
				w.smallImages(1, dst)
				away := func(h http.Handler) http.Handler {
					elsewhere := func(rw http.ResponseWriter, r *http.Request) {
						rw.Header().Set("Location", "http://plain.test:80"+r.URL.Path)
						if r.Method == http.MethodPost {
							rw.WriteHeader(http.StatusAccepted)
							return
						}
						rw.WriteHeader(http.StatusFound)
					}
					if class == "POST upload" {
						h = on("mount", elsewhere)(h)
					}
					return on(class, elsewhere)(h)
				}
				w.handler(src, away)
				w.handler(dst, away)
				report, _ := w.finish(registry.Options{})
				if report.Summary[mirror.Failed] != 1 || asked.Load() != 0 || !strings.Contains(report.Entries[0].Error, "plain http") {
					t.Errorf("%d requests went to plain http; %s", asked.Load(), report.Entries[0].Error)
				}
			})
		})
	}
}

// A registry's credential is not sent to another host by a redirect or an
// upload, which work without it.
func TestCredentialsStayAtHome(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.smallImages(5, dst)
		account := strict.Account{User: "mirror", Password: "s3cret", Push: []string{"org"}, Pull: []string{"org", "ci"}}
		var leaked, served atomic.Int64
		watch := func(s *site) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				served.Add(1)
				if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
					leaked.Add(1)
				}
				s.calm.ServeHTTP(rw, r)
			})
		}
		defer w.serve("cdn.test:80", watch(w.sites[src]))()
		defer w.serve("uploads.test:80", watch(w.sites[dst]))()
		tokens := &strict.Tokens{Accounts: []strict.Account{account}}
		w.handler(src, func(h http.Handler) http.Handler {
			return tokens.Wrap(on("GET blob", func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, "http://cdn.test:80"+r.URL.Path, http.StatusTemporaryRedirect)
			})(h))
		})
		w.handler(dst, func(h http.Handler) http.Handler {
			return tokens.Wrap(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					rw = &elsewhere{rw, "http://uploads.test:80"}
				}
				h.ServeHTTP(rw, r)
			}))
		})
		report, _ := w.finish(registry.Options{})
		if report.Summary[mirror.Copied] != 5 {
			t.Errorf("outcomes %v: %v", report.Summary, report.Failures())
		}
		if leaked.Load() > 0 || served.Load() < 10 {
			t.Errorf("%d of %d requests to other hosts carried a credential", leaked.Load(), served.Load())
		}
	})
}

// elsewhere adds a host to the Location of an upload.
type elsewhere struct {
	http.ResponseWriter
	base string
}

func (e *elsewhere) WriteHeader(status int) {
	if at := e.Header().Get("Location"); status == http.StatusAccepted {
		e.Header().Set("Location", e.base+at)
	}
	e.ResponseWriter.WriteHeader(status)
}

// A run ends at its timeout, whatever hangs, and the report has the reason.
func TestRunEndsInTime(t *testing.T) {
	plain(t, func(t *testing.T, w *world) {
		w.smallImages(100, dst)
		w.handler(src, nil)
		w.handler(dst, on("PUT upload", func(_ http.ResponseWriter, r *http.Request) { (&Fault{r: r}).stall(time.Hour) }))
		why := errors.New("--timeout reached")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Minute, why)
		defer cancel()
		client := w.client(registry.Options{Idle: time.Hour})
		start := time.Now()
		report := w.run(ctx, mirror.Options{Client: client})
		client.Close()
		if took := time.Since(start); took != 5*time.Minute {
			t.Errorf("the run took %v", took)
		}
		if report.Summary[mirror.Interrupted] != 100 || !strings.Contains(report.Entries[0].Error, why.Error()) {
			t.Errorf("outcomes %v, %s", report.Summary, report.Entries[0].Error)
		}
		w.check(report)
		time.Sleep(2 * time.Hour)
	})
}

// --idle-timeout ends a transfer without progress at either end.
func TestIdleTimeout(t *testing.T) {
	for _, class := range []string{"GET blob", "PUT upload", "HEAD manifest"} {
		t.Run(strings.ReplaceAll(class, " ", "-"), func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.smallImages(1, dst)
				var n atomic.Int64
				hang := func(h http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						if testkit.Class(r) == class {
							n.Add(1)
							(&Fault{r: r}).stall(time.Hour)
							return
						}
						h.ServeHTTP(rw, r)
					})
				}
				w.handler(src, hang)
				if class == "PUT upload" {
					w.handler(dst, hang)
				} else {
					w.handler(dst, nil)
				}
				report, took := w.finish(registry.Options{Idle: 10 * time.Second, Retry: retry.Policy{Attempts: 2}})
				if report.Summary[mirror.Failed] != 1 || !strings.Contains(report.Entries[0].Error, "no data for too long") {
					t.Errorf("%v %s", report.Summary, report.Entries[0].Error)
				}
				if took < 20*time.Second || took > 100*time.Second {
					t.Errorf("took %v for %d requests", took, n.Load())
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// Waiting for the other end is not idling: a slow destination does not end the
// download, nor a slow source the upload.
func TestSlowEndsAreNotIdle(t *testing.T) {
	for _, slow := range []string{src, dst} {
		t.Run(fmt.Sprint(strings.Cut(slow, ".")), func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.largeImage()
				crawl := func(h http.Handler) http.Handler { // some hundred kilobytes every 9 seconds
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						switch testkit.Class(r) {
						case "GET blob":
							h.ServeHTTP(&slowWriter{rw}, r)
						case "PUT upload":
							r.Body = &slowReader{ReadCloser: r.Body}
							h.ServeHTTP(rw, r)
						default:
							h.ServeHTTP(rw, r)
						}
					})
				}
				wraps := map[string]func(http.Handler) http.Handler{slow: crawl}
				w.handler(src, wraps[src])
				w.handler(dst, wraps[dst])
				report, took := w.finish(registry.Options{Idle: 10 * time.Second})
				if report.Summary[mirror.Copied] != 1 || report.Hosts[0].Retries+report.Hosts[1].Retries > 0 {
					t.Errorf("%v after %v, %d and %d retries: %s", report.Summary, took, report.Hosts[0].Retries, report.Hosts[1].Retries, report.Entries[0].Error)
				}
				if took < time.Minute {
					t.Errorf("took %v, which is not slow", took)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

type slowWriter struct{ http.ResponseWriter }

func (s *slowWriter) Write(p []byte) (int, error) {
	time.Sleep(9 * time.Second)
	return s.ResponseWriter.Write(p)
}

// slowReader rests every 300 KB.
type slowReader struct {
	io.ReadCloser
	read int
}

func (s *slowReader) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p[:min(len(p), 50_000)])
	if s.read%300_000+n >= 300_000 {
		time.Sleep(9 * time.Second)
	}
	s.read += n
	return n, err
}
