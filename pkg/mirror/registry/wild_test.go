package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// What registries do that the specification does not have.

// wild is a source with one blob and a destination that behaves oddly.
type wild struct {
	log      testkit.Recorder
	store    *strict.Registry
	from, to Repository
	blob     []byte
	desc     ocispec.Descriptor
	client   *Client
}

func newWild(t *testing.T, size int, wrap func(http.Handler) http.Handler) *wild {
	t.Helper()
	w := &wild{store: strict.New(strict.Options{}), blob: bytes.Repeat([]byte("content "), size/8)}
	source := strict.New(strict.Options{})
	source.Blob("team/app", w.blob)
	src := testkit.Serve(t, "source", source)
	dst := testkit.ServeOn(t, "127.0.0.2", w.log.Wrap(wrap(w.store)))
	w.from, w.to = Repository{Host: src.Host, Path: "team/app"}, Repository{Host: dst.Host, Path: "mirror/app", Push: true}
	w.desc = ocispec.Descriptor{Digest: digest.FromBytes(w.blob), Size: int64(len(w.blob))}
	w.client = New(Options{Retry: retry.Policy{Base: time.Millisecond, Max: 2 * time.Millisecond}})
	t.Cleanup(w.client.Close)
	return w
}

func (w *wild) copy(t *testing.T) error {
	t.Helper()
	err := w.client.CopyBlob(t.Context(), w.to, w.desc, w.from, nil)
	if got := w.store.Bytes(w.to.Path, string(w.desc.Digest)); err == nil && !bytes.Equal(got, w.blob) {
		t.Errorf("%d bytes arrived, want %d", len(got), len(w.blob))
	}
	return err
}

// before answers requests of a class by f, which reports whether it has.
func before(class string, f func(w http.ResponseWriter, r *http.Request, n int, h http.Handler) bool) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		var mu sync.Mutex
		n := 0
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			k := n
			if testkit.Class(r) == class {
				n++
			}
			mu.Unlock()
			if testkit.Class(r) != class || !f(w, r, k, h) {
				h.ServeHTTP(w, r)
			}
		})
	}
}

// TestLostSession: an upload that the registry has forgotten is begun anew, unless
// the blob was taken.
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

// discard is an answer that gets lost.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// TestPatchOnly: a registry that takes content by PATCH only is found out once.
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
				h.access.learn([]auth.Challenge{{Scheme: "basic"}})
				err := w.copy(t)
				if err == nil && class == "PUT manifest" {
					body, _ := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": OCIManifest, "config": w.desc, "layers": []any{}})
					_, err = w.client.PutManifest(t.Context(), w.to, "v1", Manifest{MediaType: OCIManifest, Digest: digest.FromBytes(body), Body: body}, nil)
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

// only is a keychain with one credential for everything.
func only(c credentials.Credential) credentials.Keychain { return credentials.Chain{onlyKeychain{c}} }

type onlyKeychain struct{ c credentials.Credential }

func (k onlyKeychain) Lookup(context.Context, string, string) (credentials.Credential, error) {
	return k.c, nil
}

// TestEventuallyConsistent waits until a registry sees what was written to it.
func TestEventuallyConsistent(t *testing.T) {
	config := []byte("{}")
	body, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": OCIManifest,
		"config": ocispec.Descriptor{MediaType: "application/vnd.oci.image.config.v1+json", Digest: digest.FromBytes(config), Size: 2}, "layers": []any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := Manifest{MediaType: OCIManifest, Digest: digest.FromBytes(body), Body: body}
	for _, tt := range []struct {
		status        int
		code, message string
		times         int
		fresh, ok     bool
		sent          int
	}{
		{400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", 4, true, true, 5},
		{404, "", "", 4, true, true, 5},
		{400, "MANIFEST_INVALID", "manifest invalid", 2, true, true, 3},
		{400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: " + string(digest.FromBytes(config)), 2, true, true, 3},
		{400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: " + string(empty), 2, true, false, 1}, // which nobody has sent
		{400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", 1, false, false, 1},
		{400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", 99, true, false, 6},
		{400, "MANIFEST_INVALID", "media type is not supported", 1, true, false, 1},
		{403, "DENIED", "", 1, true, false, 1},
		{413, "", "", 1, true, false, 1},
		{507, "", "", 1, true, false, 1},
	} {
		w := newWild(t, 8, before("PUT manifest", func(w http.ResponseWriter, r *http.Request, n int, _ http.Handler) bool {
			if n < tt.times {
				strict.Refuse(w, tt.status, tt.code, tt.message)
			}
			return n < tt.times
		}))
		if tt.fresh {
			if err := w.client.PutBlob(t.Context(), w.to, config); err != nil {
				t.Fatal(err)
			}
		} else {
			w.store.Blob(w.to.Path, config)
		}
		_, err := w.client.PutManifest(t.Context(), w.to, "v1", m, nil)
		if n := w.log.Count("PUT manifest"); (err == nil) != tt.ok || n != tt.sent || Unavailable(err) {
			t.Errorf("%d %s %q: sent %d times, want %d: %v", tt.status, tt.code, tt.message, n, tt.sent, err)
		}
	}
}

// TestImmutableAndAnswerLost looks at a tag before it is written again, and after the
// repetition was refused.
func TestImmutableAndAnswerLost(t *testing.T) {
	for _, tt := range []struct {
		head404 int // as often the tag is not seen yet
		status  int
	}{{0, 409}, {1, 409}, {1, 412}, {1, 400}} {
		looks := 0
		w := newWild(t, 8, before("PUT manifest", func(w http.ResponseWriter, r *http.Request, n int, h http.Handler) bool {
			if n == 0 {
				h.ServeHTTP(discard{}, r)
				w.WriteHeader(http.StatusGatewayTimeout)
				return true
			}
			strict.Refuse(w, tt.status, "TAG_INVALID", "the tag is immutable")
			return true
		}))
		w.log.Fault = func(rw http.ResponseWriter, r *http.Request, class string, _ int) bool {
			if class == "HEAD manifest" {
				if looks++; looks <= tt.head404 {
					rw.WriteHeader(http.StatusNotFound)
					return true
				}
			}
			return false
		}
		w.client.all.host(w.to.Host).head.works.Store(true)
		w.store.Blob(w.to.Path, w.blob)
		body, _ := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": OCIManifest, "config": w.desc, "layers": []any{}})
		if _, err := w.client.PutManifest(t.Context(), w.to, "v1", Manifest{MediaType: OCIManifest, Digest: digest.FromBytes(body), Body: body}, nil); err != nil {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

// TestStoreRefuses names the store behind a redirect, after one more try by way of the
// registry, and does not blame the registry's credential.
func TestStoreRefuses(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404} {
		for _, times := range []int{1, 99} {
			n, signatures := 0, map[string]bool{}
			source := strict.New(strict.Options{})
			store := testkit.ServeOn(t, "127.0.0.3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					t.Error("the store got the credential")
				}
				signatures[r.URL.RawQuery] = true
				if n++; n <= times {
					w.Header().Set("WWW-Authenticate", `Basic realm="store"`)
					w.WriteHeader(status)
					io.WriteString(w, "<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
					return
				}
				source.ServeHTTP(w, r)
			}))
			blob := []byte("content")
			source.Blob("team/app", blob)
			asked := 0
			src := testkit.Serve(t, "source", before("GET blob", func(w http.ResponseWriter, r *http.Request, _ int, _ http.Handler) bool {
				asked++
				w.Header().Set("Location", fmt.Sprintf("http://%s%s?sig=%d", store.Host, r.URL.Path, asked))
				w.WriteHeader(http.StatusTemporaryRedirect)
				return true
			})(source))
			c := New(Options{Retry: retry.Policy{Base: time.Millisecond}, Keychain: only(credentials.Credential{Username: "u", Password: "s3cret"})})
			defer c.Close()
			c.all.host(src.Host).access.learn([]auth.Challenge{{Scheme: "basic"}})
			repo := Repository{Host: src.Host, Path: "team/app"}
			got, err := io.ReadAll(c.newBlobReader(t.Context(), repo, ocispec.Descriptor{Digest: digest.FromBytes(blob), Size: 7}))
			var refused *StoreError
			switch {
			case times == 1 && (err != nil || !bytes.Equal(got, blob)):
				t.Errorf("%d once: %v", status, err)
			case times > 1 && (!errors.As(err, &refused) || refused.Store != store.Host || Denied(err) || NotFound(err) || !strings.Contains(err.Error(), "Request has expired")):
				t.Errorf("%d: %v", status, err)
			}
			if len(signatures) != 2 {
				t.Errorf("%d: asked with %d redirects, want two", status, len(signatures))
			}
			if host, _ := Blame(err); times > 1 && host != store.Host {
				t.Errorf("%s is to blame", host)
			}
		}
	}
}

// TestChallengeOfRedirectTarget: what another place asks for says nothing about the
// registry.
func TestChallengeOfRedirectTarget(t *testing.T) {
	var mu sync.Mutex
	var collected []string
	evil := testkit.Serve(t, "evil", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		collected = append(collected, r.Header.Get("Authorization"))
		io.WriteString(w, `{"token": "x"}`)
	}))
	store := testkit.ServeOn(t, "127.0.0.3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+evil.Host+`/collect",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	src := testkit.Serve(t, "source", testkit.Basic("u", "s3cret", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Location", "http://"+store.Host+r.URL.Path)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})))
	c := New(Options{Retry: retry.Policy{Base: time.Millisecond}, Keychain: only(credentials.Credential{Username: "u", Password: "s3cret"})})
	defer c.Close()
	_, err := c.Manifest(t.Context(), Repository{Host: src.Host, Path: "team/app"}, "v1")
	if err == nil || !strings.Contains(err.Error(), store.Host) || Denied(err) {
		t.Errorf("%v", err)
	}
	if len(collected) > 0 {
		t.Errorf("the place that the store named got %q", collected)
	}
}

// TestChallengeByRepository keeps what a repository asks for apart from what another
// one does.
func TestChallengeByRepository(t *testing.T) {
	var log testkit.Recorder
	src := testkit.Serve(t, "source", log.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/private/") && r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.Contains(r.URL.Path, "/public/") && r.Header.Get("Authorization") != "" {
			t.Error("the public repository got the credential")
		}
		w.Header().Set("Docker-Content-Digest", string(empty))
	})))
	c := New(Options{Keychain: only(credentials.Credential{Username: "u", Password: "s3cret"})})
	defer c.Close()
	for _, path := range []string{"private/a", "public/a", "private/a", "public/b"} {
		if _, err := c.Resolve(t.Context(), Repository{Host: src.Host, Path: path}, "v1"); err != nil {
			t.Error(err)
		}
	}
	if n := log.Count("HEAD manifest"); n != 5 {
		t.Errorf("%d requests for four tags, want one more", n)
	}
}

// TestIdentityTokenRotates keeps the identity token that replaces the one that was
// used, whoever asks at the same time.
func TestIdentityTokenRotates(t *testing.T) {
	var mu sync.Mutex
	current := 0
	identity := func() string { return fmt.Sprint("identity-", current) }
	src := testkit.Serve(t, "source", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path == "/token":
			r.ParseForm()
			if r.PostForm.Get("refresh_token") != identity() {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			current++
			fmt.Fprintf(w, `{"access_token": "for %s", "refresh_token": %q, "expires_in": "300"}`, r.PostForm.Get("scope"), identity())
		case r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Header().Set("Docker-Content-Digest", string(empty))
		}
	}))
	c := New(Options{Keychain: only(credentials.Credential{IdentityToken: "identity-0"})})
	defer c.Close()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := c.Resolve(t.Context(), Repository{Host: src.Host, Path: fmt.Sprint("team/app", i)}, "v1"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if current != 20 {
		t.Errorf("%d tokens for 20 repositories", current)
	}
}

// TestWhatAnErrorSays reads the words of an error, whoever wrote its body.
func TestWhatAnErrorSays(t *testing.T) {
	for body, want := range map[string]string{
		`{"errors": [{"code": "DENIED", "message": "quota exceeded"}]}`:                           "(DENIED): quota exceeded",
		`{"message": "the disk is full"}`:                                                         "the disk is full",
		`{"error": "try later"}`:                                                                  "try later",
		`{"detail": "in maintenance until noon"}`:                                                 "in maintenance until noon",
		`{"other": "form"}`:                                                                       `{"other": "form"}`,
		"no space left\n":                                                                         "no space left",
		"<html><head><title>503 Backend\n fetch failed</title></head></html>":                     "503 Backend fetch failed",
		"<html><body><h1>Down for maintenance</h1></body></html>":                                 "Down for maintenance",
		"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce rate</Message></Error>": "SlowDown Reduce rate",
		"<html>": "",
		"":       "",
	} {
		for _, status := range []int{503, 507} {
			n := 0
			src := testkit.Serve(t, "source", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					n++
					w.WriteHeader(status)
					io.WriteString(w, body)
				}
			}))
			c := New(Options{Clock: throttle.Clock{Sleep: func(context.Context, time.Duration) error { return nil }}})
			defer c.Close()
			_, err := c.Tags(t.Context(), Repository{Host: src.Host, Path: "a"})
			if err == nil || !strings.HasSuffix(err.Error(), strings.TrimSpace(fmt.Sprintf("%d %s%s", status, http.StatusText(status), map[bool]string{true: "", false: map[bool]string{true: " ", false: ": "}[strings.HasPrefix(want, "(")]}[want == ""]+want))) {
				t.Errorf("%q: %v", body, err)
			}
			if status == 507 && n != 1 {
				t.Errorf("asked %d times", n)
			}
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

// TestOpenedByAnotherStatus: an upload is open if there is a Location for it,
// whatever success the registry answers.
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

// otherStatus answers with another status than the handler says.
type otherStatus struct {
	http.ResponseWriter
	status int
}

func (w *otherStatus) WriteHeader(int) { w.ResponseWriter.WriteHeader(w.status) }

// TestTokenRefusalSays: the reason that a token endpoint gives is part of the
// error, without the secrets that it repeats, wherever it cuts them.
func TestTokenRefusalSays(t *testing.T) {
	const secret = "hunter2hunter2hunter2"
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{401, `{"details": "the robot account is disabled"}`, "the robot account is disabled"},
		{400, `{"error": "invalid_scope", "error_description": "no such organisation"}`, "no such organisation"},
		{403, `{"errors": [{"code": "DENIED", "message": "` + secret + ` may not"}]}`, "may not"},
		{503, "<html><title>Down until noon</title></html>", "Down until noon"},
		{400, strings.Repeat("x", 190) + " " + secret, "xxx"},
	} {
		src := testkit.Serve(t, "source", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
				return
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
		}))
		c := New(Options{
			Keychain: only(credentials.Credential{Username: "robot", Password: secret}),
			Clock:    throttle.Clock{Sleep: func(context.Context, time.Duration) error { return nil }},
		})
		defer c.Close()
		_, err := c.Resolve(t.Context(), Repository{Host: src.Host, Path: "a"}, "v1")
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret[:6]) {
			t.Errorf("%d: %v, want %q", tt.status, err, tt.want)
		}
	}
}
