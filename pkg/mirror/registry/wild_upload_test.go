package registry

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

// TestLostSession restarts an upload that the registry has lost, unless it has
// the blob.
func TestLostSession(t *testing.T) {
	for _, tt := range []struct {
		status int
		code   string
		stored bool
		opened int
	}{
		{404, "BLOB_UPLOAD_UNKNOWN", false, 2}, {404, "", false, 2}, {404, "BLOB_UPLOAD_UNKNOWN", true, 1},
		{400, "BLOB_UPLOAD_INVALID", false, 2}, {416, "RANGE_INVALID", false, 2},
		{410, "", false, 2}, {409, "BLOB_UPLOAD_INVALID", true, 1}, {422, "BLOB_UPLOAD_UNKNOWN", false, 2},
	} {
		t.Run(fmt.Sprint(tt.status, tt.code, tt.stored), func(t *testing.T) {
			w := newWild(t, 3<<20, before("PUT upload", func(w http.ResponseWriter, r *http.Request, n int, h http.Handler) bool {
				if n > 0 {
					return false
				}
				if tt.stored {
					h.ServeHTTP(discard{}, r)
				} else {
					io.Copy(io.Discard, r.Body)
				}
				strict.Refuse(w, tt.status, tt.code, "blob upload unknown to registry")
				return true
			}))
			if err := w.copy(t); err != nil {
				t.Error(err)
			}
			if n := w.log.Count("POST upload"); n != tt.opened {
				t.Errorf("%d uploads were opened, want %d", n, tt.opened)
			}
		})
	}
	t.Run("again and again", func(t *testing.T) {
		w := newWild(t, 64, before("PUT upload", func(w http.ResponseWriter, r *http.Request, _ int, _ http.Handler) bool {
			strict.Refuse(w, 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
			return true
		}))
		if err := w.copy(t); err == nil || !strings.Contains(err.Error(), "lost the upload") {
			t.Errorf("%v", err)
		}
		if n := w.log.Count("PUT upload"); n > 8 {
			t.Errorf("sent %d times", n)
		}
	})
}

// discard drops an answer.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// TestPatchOnly checks that a registry that accepts content only by PATCH is
// detected once.
func TestPatchOnly(t *testing.T) {
	for _, status := range []int{400, 405, 411, 415, 501} {
		w := newWild(t, 1<<20, before("PUT upload", func(w http.ResponseWriter, r *http.Request, _ int, _ http.Handler) bool {
			if r.ContentLength == 0 {
				return false
			}
			io.Copy(io.Discard, r.Body)
			strict.Refuse(w, status, "DIGEST_INVALID", "no content by PUT")
			return true
		}))
		for range 3 {
			if err := w.copy(t); err != nil {
				t.Errorf("%d: %v", status, err)
			}
		}
		if err := w.client.PutBlob(t.Context(), w.to, []byte("a small one")); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		if opened, sent := w.log.Count("POST upload", "mount"), w.log.Count("PATCH upload"); opened != 5 || sent != 4 {
			t.Errorf("%d: %d uploads and %d PATCHes for 4 blobs, want one upload more", status, opened, sent)
		}
	}
	w := newWild(t, 64, before("PUT upload", func(w http.ResponseWriter, r *http.Request, n int, _ http.Handler) bool {
		if n > 0 {
			return false
		}
		strict.Refuse(w, 405, "UNSUPPORTED", "")
		return true
	}))
	for range 2 {
		if err := w.client.PutBlob(t.Context(), w.to, []byte("a small one")); err != nil {
			t.Error(err)
		}
	}
	if n := w.log.Count("PATCH upload"); n != 1 {
		t.Errorf("%d PATCHes, want that of the first blob", n)
	}
}

// TestRedirectedWrites follows redirects of POST, PATCH and PUT, without the
// credential on another host.
func TestRedirectedWrites(t *testing.T) {
	for _, class := range []string{"POST upload", "PATCH upload", "PUT upload", "PUT manifest"} {
		for _, status := range []int{307, 308, 302} {
			t.Run(fmt.Sprint(class, status), func(t *testing.T) {
				var other *testkit.Registry
				var mu sync.Mutex
				var seen []string
				w := newWild(t, 3<<20, before(class, func(w http.ResponseWriter, r *http.Request, n int, _ http.Handler) bool {
					if r.Header.Get("Authorization") == "" {
						w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
						w.WriteHeader(http.StatusUnauthorized)
						return true
					}
					sep := "?"
					if r.URL.RawQuery != "" {
						sep = "&"
					}
					w.Header().Set("Location", "http://"+other.Host+r.URL.RequestURI()+sep+"opaque=%2f;x")
					w.WriteHeader(status)
					return true
				}))
				other = testkit.ServeOn(t, "127.0.0.3", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					mu.Lock()
					seen = append(seen, r.Method+" "+r.Header.Get("Authorization"))
					mu.Unlock()
					query, ok := strings.CutSuffix(r.URL.RawQuery, "opaque=%2f;x")
					if !ok && testkit.Class(r) == class {
						t.Errorf("%s %s", r.Method, r.URL)
					}
					r.URL.RawQuery = strings.TrimSuffix(query, "&")
					w.store.ServeHTTP(rw, r)
				}))
				w.client.all.opts.Keychain = only(credentials.Credential{Username: "u", Password: "s3cret"})
				h := w.client.all.host(w.to.Host)
				h.upload.patch.Store(class == "PATCH upload")
				h.authenticator.learn([]auth.Challenge{{Scheme: "basic"}})
				err := w.copy(t)
				if err == nil && class == "PUT manifest" {
					body, _ := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": OCIManifest, "config": w.desc, "layers": []any{}})
					err = w.client.PutManifest(t.Context(), w.to, "v1", Manifest{MediaType: OCIManifest, Digest: digest.FromBytes(body), Body: body}, nil)
				}
				if (err == nil) != (status != 302) {
					t.Errorf("%v", err)
				}
				if status == 302 && (err == nil || !strings.Contains(err.Error(), "a redirect to "+other.Host+" that would not keep the method")) {
					t.Errorf("the error does not tell of the redirect: %v", err)
				}
				if status != 302 && len(seen) == 0 {
					t.Error("nothing came to where it was sent")
				}
				for _, s := range seen {
					if !strings.HasSuffix(s, " ") {
						t.Errorf("the other host got %s", s)
					}
				}
			})
		}
	}
}

// TestChunksOfALimit: chunks become smaller until the registry accepts them,
// down to the least size that it names, and a blob that cannot be divided is
// not sent again.
func TestChunksOfALimit(t *testing.T) {
	for _, tt := range []struct {
		name         string
		size, limit  int64
		least, tries int
	}{
		{"the least chunk is accepted", 7 << 20, 3 << 20, 3 << 20, 2},
		{"a quarter is accepted", 7 << 20, 3 << 20, 0, 1},
		{"too small to divide", 2000, 1000, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused := 0
			limit := func(w http.ResponseWriter, r *http.Request, _ int, _ http.Handler) bool {
				if r.ContentLength <= tt.limit {
					return false
				}
				refused++
				io.Copy(io.Discard, r.Body)
				strict.Refuse(w, 413, "SIZE_INVALID", "too large")
				return true
			}
			opened := before("POST upload", func(w http.ResponseWriter, r *http.Request, _ int, h http.Handler) bool {
				w.Header().Set("OCI-Chunk-Min-Length", fmt.Sprint(tt.least))
				h.ServeHTTP(w, r)
				return true
			})
			put, patch := before("PUT upload", limit), before("PATCH upload", limit)
			w := newWild(t, int(tt.size), func(h http.Handler) http.Handler { return opened(put(patch(h))) })
			if err := w.copy(t); (err == nil) != (tt.size > 1<<20) {
				t.Error(err)
			}
			if refused > tt.tries {
				t.Errorf("refused %d times, want %d", refused, tt.tries)
			}
		})
	}
}

// TestOpenedByAnotherStatus checks that any 2xx answer with a Location opens an
// upload.
func TestOpenedByAnotherStatus(t *testing.T) {
	for _, status := range []int{200, 201, 204} {
		w := newWild(t, 1000, before("POST upload", func(w http.ResponseWriter, r *http.Request, _ int, h http.Handler) bool {
			h.ServeHTTP(&otherStatus{w, status}, r)
			return true
		}))
		if err := w.copy(t); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// otherStatus replaces a status of the handler.
type otherStatus struct {
	http.ResponseWriter
	status int
}

func (w *otherStatus) WriteHeader(int) { w.ResponseWriter.WriteHeader(w.status) }
