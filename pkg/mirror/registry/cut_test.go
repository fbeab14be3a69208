package registry

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// forgetful is a registry that accepts a blob and then loses it.
func forgetful(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			w.Header().Set("Location", r.URL.Path+"1")
			w.WriteHeader(http.StatusAccepted)
		case http.MethodPut:
			io.Copy(io.Discard, r.Body)
		default:
			if r.URL.Path != "/v2/" {
				w.WriteHeader(http.StatusNotFound)
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func at(s *httptest.Server) Repository {
	return Repository{Host: strings.TrimPrefix(s.URL, "http://"), Path: "a/b"}
}

// TestReadAgainIsNoProgress has a source that cuts each download after 17 MiB
// and then answers 429, and a destination that loses uploads: reading bytes
// again does not count as progress, so the copy ends.
func TestReadAgainIsNoProgress(t *testing.T) {
	const cut = 17 << 20
	blob := bytes.Repeat([]byte("x"), cut+markEvery)
	var asked atomic.Int64
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	src := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); {
		case r.URL.Path == "/v2/":
			asked.Add(-1)
		case n > 60:
			cancel()
		case n%2 == 0:
			w.Header().Set("Retry-After", "10")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			w.Header().Set("Content-Length", "99999999")
			w.Write(blob[:cut])
			panic(http.ErrAbortHandler)
		}
	}))
	defer src.Close()
	dst := forgetful(t)
	var mu sync.Mutex
	now := time.Now()
	c := New(Options{Clock: throttle.Clock{
		Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(d)
			return context.Cause(ctx)
		},
	}})
	defer c.Close()
	err := c.CopyBlob(ctx, at(dst), ocispec.Descriptor{Digest: digest.FromBytes(blob), Size: int64(len(blob))}, at(src), nil)
	if err == nil || ctx.Err() != nil {
		t.Errorf("after %d requests for the blob: %v", asked.Load(), err)
	}
}

// TestOtherBytesEachTime checks that a source with different wrong bytes each
// time gets the blame.
func TestOtherBytesEachTime(t *testing.T) {
	n := byte(0)
	src := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			n++
			w.Write([]byte{'x', n})
		}
	}))
	defer src.Close()
	dst := forgetful(t)
	c := New(Options{Retry: retry.Policy{Base: time.Millisecond}})
	defer c.Close()
	err := c.CopyBlob(t.Context(), at(dst), ocispec.Descriptor{Digest: digest.FromString("xx"), Size: 2}, at(src), nil)
	if host, reason := Blame(err); host != at(src).Host || !strings.Contains(reason, "wrong content") {
		t.Errorf("%q is to blame (%s): %v", host, reason, err)
	}
}
