package registry

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// Behaviour of registries that is not in the specification.

// wild is a source with one blob and a destination with unusual behaviour.
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

// before lets f answer requests of a class; f reports whether it did.
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

type onlyKeychain struct{ c credentials.Credential }

// TestEventuallyConsistent waits until a registry sees earlier writes.
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
		{422, "MANIFEST_BLOB_UNKNOWN", "", 2, true, true, 3},
		{409, "", "the blob is missing", 2, true, true, 3},
		{412, "", "the blob is not yet available", 2, true, true, 3},
		{409, "", "the tag already exists", 1, true, false, 1},
		{412, "", "not found in the list of mutable tags: immutable", 1, true, false, 1},
		{400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: " + string(digest.FromBytes(config)), 2, true, true, 3},
		{400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: " + string(empty), 2, true, false, 1}, // which was never sent
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
		err := w.client.PutManifest(t.Context(), w.to, "v1", m, nil)
		if n := w.log.Count("PUT manifest"); (err == nil) != tt.ok || n != tt.sent || Unavailable(err) {
			t.Errorf("%d %s %q: sent %d times, want %d: %v", tt.status, tt.code, tt.message, n, tt.sent, err)
		}
	}
}

// TestImmutableAndAnswerLost reads a tag before a push is retried, and after
// the retry was refused.
func TestImmutableAndAnswerLost(t *testing.T) {
	for _, tt := range []struct {
		head404 int // number of reads that do not see the tag yet
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
		if err := w.client.PutManifest(t.Context(), w.to, "v1", Manifest{MediaType: OCIManifest, Digest: digest.FromBytes(body), Body: body}, nil); err != nil {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}
