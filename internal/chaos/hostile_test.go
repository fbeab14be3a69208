package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// on handles the requests of a class itself.
func on(class string, answer http.HandlerFunc) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if testkit.Class(r) == class {
				answer(w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
}

// endless writes until the client goes away.
func endless(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for data := []byte(strings.Repeat(text, 1000)); ; {
			if _, err := w.Write(data); err != nil {
				return
			}
		}
	}
}

// drip writes a byte every now and then.
func drip(status int, every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		for {
			if _, err := w.Write([]byte(" ")); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(every):
			}
		}
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func challenge(value string) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Www-Authenticate"] = []string{value}
			w.WriteHeader(http.StatusUnauthorized)
		})
	}
}

// tokensFrom requires tokens from an endpoint with this handler.
func tokensFrom(answer http.HandlerFunc) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				answer(w, r)
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+src+`/token"`)
			w.WriteHeader(http.StatusUnauthorized)
		})
	}
}

// slowHeaders sends a header each minute.
func slowHeaders(w http.ResponseWriter, _ *http.Request) {
	c := (&Fault{w: w}).connection()
	for i := range 100 {
		if _, err := io.WriteString(c, []string{"HTTP/1.1 200 OK\r\n", "X: y\r\n"}[min(i, 1)]); err != nil {
			break
		}
		time.Sleep(time.Minute)
	}
	c.Close()
}

// TestHostile has a registry that attacks with one image. Each case ends with a
// clear error, in bounded time and memory, and does not affect the other image.
func TestHostile(t *testing.T) {
	const hour = time.Hour
	wrongIndex := func(w http.ResponseWriter, r *http.Request) { // an index that contains itself
		d := string(digestOf(r))
		if !strings.HasPrefix(d, "sha256:") {
			d = "sha256:" + strings.Repeat("1", 64)
		}
		w.Header().Set("Content-Type", registry.OCIIndex)
		w.Header().Set("Docker-Content-Digest", d)
		fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"size":300}]}`, registry.OCIIndex, registry.OCIIndex, d)
	}
	for _, tt := range []struct {
		name     string
		src, dst func(http.Handler) http.Handler
		want     string
		most     time.Duration
	}{
		{name: "redirects without end", src: on("GET manifest", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"?"+r.URL.RawQuery+"x", http.StatusFound)
		}), want: "more than 10 redirects"},
		{name: "redirect to itself", src: on("HEAD manifest", redirect("")), want: "redirect"},
		{name: "redirect to a file", src: on("GET blob", redirect("file:///etc/passwd")), want: "redirects"},
		{name: "redirect with a password", src: on("GET blob", redirect("http://user:s3cret@evil.test/")), want: "redirects"},
		{name: "redirect to nobody", src: on("GET blob", redirect("http://nobody.test:80/")), want: "connection refused"},
		{name: "endless manifest", src: on("GET manifest", endless(" ")), want: "more than 16777216 bytes"},
		{name: "endless tag list", src: on("tags", endless(`{"tags":["a",`)), want: "more than 16777216 bytes"},
		{name: "tag pages without end", src: on("tags", func(w http.ResponseWriter, r *http.Request) {
			n := len(r.URL.Query().Get("last"))
			w.Header().Set("Link", fmt.Sprintf(`</v2/ci/wild/tags/list?n=1&last=%s>; rel="next"`, strings.Repeat("x", (n+1)%200)))
			fmt.Fprintf(w, `{"tags":["t%d"]}`, time.Now().UnixNano())
		}), want: "endlessly"},
		{name: "tag page elsewhere", src: on("tags", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", `<http://evil.test/v2/x/tags/list>; rel="next"`)
			io.WriteString(w, `{"tags":["a"]}`)
		}), want: "links to another host for the next page"},
		{name: "endless error", src: on("GET manifest", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); endless("no ")(w, r) }), want: "404"},
		{name: "endless token", src: tokensFrom(endless(`{"x":"`)), want: "token"},
		{name: "slow token", src: tokensFrom(drip(200, 10*time.Second)), want: "transfer too slow for too long", most: 5 * time.Minute},
		{name: "slow headers of a token", src: tokensFrom(slowHeaders), want: "no data for too long", most: 5 * time.Minute},
		{name: "endless blob", src: on("GET blob", endless("x")), want: "wrong content"},
		{name: "blob that lies about its length", src: on("GET blob", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
			io.WriteString(w, "short")
		}), want: "GET"},
		{name: "manifest that lies about its length", src: on("GET manifest", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
			io.WriteString(w, "{}")
		}), want: "GET"},
		{name: "slow manifest", src: on("GET manifest", drip(200, 110*time.Second)), want: "transfer too slow for too long", most: hour},
		{name: "slow blob", src: on("GET blob", drip(200, 110*time.Second)), want: "transfer too slow for too long", most: hour},
		{name: "slow error", src: on("GET manifest", drip(400, 110*time.Second)), want: "400", most: hour},
		{name: "slow tags", src: on("tags", drip(200, 110*time.Second)), want: "transfer too slow for too long", most: hour},
		{name: "slow headers", src: on("GET manifest", slowHeaders), want: "no data for too long", most: hour},
		{name: "hints without end", src: on("GET manifest", func(w http.ResponseWriter, r *http.Request) {
			for range 10_000 {
				w.WriteHeader(http.StatusEarlyHints)
				time.Sleep(time.Second)
			}
		}), want: "no data for too long", most: hour},
		{name: "enormous headers", src: on("HEAD manifest", func(w http.ResponseWriter, r *http.Request) {
			for i := range 1000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 4000))
			}
		}), want: "headers exceeded"},
		{name: "index that holds itself", src: on("GET manifest", wrongIndex), want: "wrong content"},
		{name: "manifest in an unknown language", src: on("GET manifest", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "\x1b]0;owned\x07") }), want: "wrong content"},
		{name: "password for another host", src: challenge(`Bearer realm="https://evil.test/token",service="src.test"`), want: "wants its credential sent to another host"},
		{name: "password over plain http", src: challenge(`Bearer realm="http://evil.test/token",service="src.test"`), want: "plain http"},
		{name: "challenge with control characters", src: challenge("Bearer realm=\"\x1b[31mhttps://evil.test\",scope=\"a\x00b\""), want: "malformed MIME header"},
		{name: "challenge that goes on and on", src: challenge("Bearer " + strings.Repeat(`a="b",`, 20_000)), want: "401"},
		{name: "refusal with control characters", dst: on("PUT manifest", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			io.WriteString(w, `{"errors":[{"code":"\u001b[2J","message":"\u001b]8;;http://evil\u0007 \u202e no \r\n second line"}]}`)
		}), want: "second line"},
		{name: "upload over plain text to nowhere", dst: func(h http.Handler) http.Handler {
			nowhere := func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "gopher://evil.test/upload")
				w.WriteHeader(http.StatusAccepted)
			}
			return on("mount", nowhere)(on("POST upload", nowhere)(h))
		}, want: "without a Location"},
		{name: "chunks that never get on", dst: chunksUpTo("0-0"), want: "", most: hour},
		{name: "a range that goes back", dst: chunksUpTo("0-1"), want: "", most: hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.smallImages(2, dst)
				w.lines = append(w.lines, src+"/ci/wild:* "+dst+"/org/wild")
				w.sites[src].calm.Blob("ci/wild", nil)
				evil := w.serve("evil.test:80", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("evil.test was asked") }))
				defer evil()
				w.handler(src, tt.src)
				w.handler(dst, tt.dst)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				report, took := w.finish(registry.Options{})
				runtime.ReadMemStats(&after)
				text := ""
				for _, e := range report.Entries {
					text += e.Error + "\n" + strings.Join(e.Details, "\n") + "\n" + e.Reason + "\n"
				}
				for _, f := range report.Failures() {
					text += f.String() + "\n"
				}
				text += strings.Join(report.Notes, "\n")
				if !strings.Contains(text, tt.want) || report.OK() && tt.want != "" {
					t.Errorf("outcomes %v, no %q in\n%s", report.Summary, tt.want, text)
				}
				if bad := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); bad >= 0 {
					t.Errorf("not to be printed: %q", text[bad:min(bad+40, len(text))])
				}
				if strings.Contains(text, "s3cret") {
					t.Errorf("a secret: %s", text)
				}
				if most := max(tt.most, 2*time.Minute); took > most {
					t.Errorf("took %v", took)
				}
				if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 600 {
					t.Errorf("%d MB were used", mb)
				}
				time.Sleep(3 * time.Hour) // until the slowest handler has ended
			})
		})
	}
}

// TestHostileImages has images that are made to be expensive.
func TestHostileImages(t *testing.T) {
	type build func(w *world, s *site) descriptor
	pad := func(n int) string { return strings.Repeat(" ", n) }
	for _, tt := range []struct {
		name  string
		build build
		want  string
		most  int64 // requests
	}{
		{"many children", func(w *world, s *site) descriptor {
			var children []descriptor
			for i := range 20_000 {
				children = append(children, descriptor{MediaType: registry.OCIManifest, Digest: digest.FromString(fmt.Sprint(i)), Size: 100})
			}
			return raw(w, s, registry.OCIIndex, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": children}, "")
		}, "manifests", 50},
		// The first of two limits applies: the blobs of one manifest, or the
		// values of its JSON, which are counted before decoding.
		{"many layers", layers(10_001), "more than 10000 blobs", 50},
		{"very many layers", layers(50_001), "more than 200000 values", 50},
		{"a child many times", func(w *world, s *site) descriptor {
			child := raw(w, s, registry.OCIManifest, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIManifest}, "")
			return raw(w, s, registry.OCIIndex, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": repeat(child, 5_000)}, "")
		}, "", 60},
		{"indexes of indexes of indexes", func(w *world, s *site) descriptor {
			d := raw(w, s, registry.OCIManifest, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIManifest}, "")
			for range 9 { // a hundred times a hundred times a hundred …
				d = raw(w, s, registry.OCIIndex, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": repeat(d, 100)}, "")
			}
			return d
		}, "", 120},
		{"nested without end", func(w *world, s *site) descriptor {
			d := raw(w, s, registry.OCIManifest, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIManifest}, "")
			for range 100 {
				d = raw(w, s, registry.OCIIndex, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": []descriptor{d}}, "")
			}
			return d
		}, "nested more than", 60},
		{"manifest over the limit", func(w *world, s *site) descriptor {
			return raw(w, s, registry.OCIManifest, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIManifest}, pad(17<<20))
		}, "more than 16777216 bytes", 50},
		{"deep JSON", func(w *world, s *site) descriptor {
			return raw(w, s, registry.OCIManifest, json.RawMessage(`{"schemaVersion":2,"layers":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)+`}`), "")
		}, "manifest", 50},
		{"layer of the wrong length", func(w *world, s *site) descriptor {
			blob := w.layer(500)
			s.calm.Blob("ci/stream", blob)
			layer := describe("application/octet-stream", blob)
			layer.Size = 400
			return raw(w, s, registry.OCIManifest, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIManifest, "layers": []descriptor{layer}}, "")
		}, "wrong content", 60},
		{"layer of an enormous length", func(w *world, s *site) descriptor {
			blob := w.layer(500)
			s.calm.Blob("ci/stream", blob)
			layer := describe("application/octet-stream", blob)
			layer.Size = 1 << 60
			return raw(w, s, registry.OCIManifest, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIManifest, "layers": []descriptor{layer}}, "")
		}, "", 200},
		{"platform with control characters", func(w *world, s *site) descriptor {
			child := descriptor{MediaType: registry.OCIManifest, Digest: digest.FromString("gone"), Size: 10, Platform: map[string]string{"os": "\x1b[2Jlinux", "architecture": "a\u202eb\r\n"}}
			return raw(w, s, registry.OCIIndex, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": []descriptor{child}}, "")
		}, "linux", 50},
		{"digest with control characters", func(w *world, s *site) descriptor {
			child := descriptor{MediaType: registry.OCIManifest, Digest: "sha256:\x1b[31m", Size: 10}
			return raw(w, s, registry.OCIIndex, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": []descriptor{child}}, "")
		}, "not a digest", 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.smallImages(1, dst)
				s := w.sites[src]
				d := tt.build(w, s)
				s.calm.Tag("ci/stream", "hostile", strict.New(strict.Options{}).Manifest("x", "", registry.OCIIndex, w.known[d.Digest]))
				w.lines = append(w.lines, src+"/ci/stream:hostile "+dst+"/org/hostile:1")
				w.want[dst+"/org/hostile:1"] = d.Digest
				w.handler(src, nil)
				w.handler(dst, nil)
				report, took := w.finish(registry.Options{})
				e := report.Entries[1]
				if tt.want != "" && (e.Outcome != mirror.Failed || !strings.Contains(e.Error, tt.want)) {
					t.Errorf("%s, without %q: %.300s", e.Outcome, tt.want, e.Error)
				}
				if strings.ContainsFunc(e.Error, func(r rune) bool { return !unicode.IsPrint(r) }) || len(e.Error) > 2010 {
					t.Errorf("not to be printed: %.300q", e.Error)
				}
				if report.Requests > tt.most || took > 30*time.Minute {
					t.Errorf("%d requests, %v", report.Requests, took)
				}
				if report.Entries[0].Outcome != mirror.Copied {
					t.Errorf("the other image: %s", report.Entries[0].Error)
				}
			})
		})
	}
}

// layers builds a manifest of so many layers, none of which exists.
func layers(n int) func(*world, *site) descriptor {
	return func(w *world, s *site) descriptor {
		var all []descriptor
		for i := range n {
			all = append(all, descriptor{MediaType: "application/octet-stream", Digest: digest.FromString(fmt.Sprint(i)), Size: 100})
		}
		return raw(w, s, registry.OCIManifest, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIManifest, "layers": all}, "")
	}
}

func repeat(d descriptor, n int) []descriptor {
	out := make([]descriptor, n)
	for i := range out {
		out[i] = d
	}
	return out
}

// raw pushes a manifest to the source without checking it.
func raw(w *world, s *site, kind string, content any, pad string) descriptor {
	body, err := json.Marshal(content)
	if err != nil {
		w.t.Fatal(err)
	}
	body = append(body, pad...)
	d := describe(kind, body)
	w.known[d.Digest] = bytes.Clone(body)
	s.calm.Manifest("ci/stream", "", types.MediaType(kind), body)
	return d
}

// chunksUpTo accepts a blob only in chunks, and never acknowledges more than
// the range.
func chunksUpTo(known string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch testkit.Class(r) {
			case "PUT upload":
				w.WriteHeader(http.StatusRequestEntityTooLarge)
			case "PATCH upload":
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Location", r.URL.Path)
				w.Header().Set("Range", known)
				w.WriteHeader(http.StatusAccepted)
			default:
				h.ServeHTTP(w, r)
			}
		})
	}
}
