package registry

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// TestManifestOfNothing checks that manifests made to use memory are rejected
// before they do.
func TestManifestOfNothing(t *testing.T) {
	for name, unit := range map[string]string{"empty objects": "{}", "nulls": "null", "arrays": "[]", "text": `"\\\""`} {
		head, tail := `{"schemaVersion":2,"mediaType":"`+OCIIndex+`","manifests":[`, "]}"
		body := []byte(head + strings.Repeat(unit+",", (maxManifest-len(head)-100)/(len(unit)+1)) + unit + tail)
		at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				w.Header().Set("Content-Type", OCIIndex)
				w.Header().Set("Docker-Content-Digest", digest.FromBytes(body).String())
				w.Write(body)
			}
		}))
		c := New(Options{})
		defer c.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, err := c.Manifest(t.Context(), Repository{Host: at.Host, Path: "a"}, fmt.Sprint("v", i))
				var wrong *ManifestError
				if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "more than 200000 values") {
					t.Errorf("%s: %.200v", name, err)
				}
			})
		}
		wg.Wait()
		runtime.ReadMemStats(&after)
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 2000 { // of 8 times 16 MiB, sent and read
			t.Errorf("%s: %d MiB were allocated in all", name, mb)
		}
	}
}

// TestModerate counts values and ignores characters in strings.
func TestModerate(t *testing.T) {
	for data, values := range map[string]int{
		`{}`: 2, `[1,2,3]`: 4, `{"a":"x,{[","b":[{}]}`: 5, `"\\\",,,"`: 1, `"`: 1, `"\`: 1, ``: 1,
	} {
		if !moderate([]byte(data), values) || values > 1 && moderate([]byte(data), values-1) {
			t.Errorf("%s has not %d values", data, values)
		}
	}
}

// TestMemoryBudget checks that large answers stay within the budget and are all
// read in the end.
func TestMemoryBudget(t *testing.T) {
	const size = 12 << 20
	body := []byte(`{"schemaVersion":2,"config":{"digest":"` + string(empty) + `"},"layers":[],"x":"` + strings.Repeat("x", size) + `"}`)
	for _, chunked := range []bool{false, true} {
		at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/" {
				return
			}
			w.Header().Set("Content-Type", OCIManifest)
			if !chunked {
				w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			}
			w.Write(body)
		}))
		c := New(Options{})
		defer c.Close()
		var most atomic.Int64
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				m, err := c.Manifest(t.Context(), Repository{Host: at.Host, Path: "a"}, "v1")
				if err != nil || !bytes.Equal(m.Body, body) {
					t.Errorf("%d bytes, %v", len(m.Body), err)
				}
				c.all.memory.mu.Lock()
				defer c.all.memory.mu.Unlock()
				if used := c.all.memory.used; used > most.Load() {
					most.Store(used)
				}
			})
		}
		wg.Wait()
		if c.all.memory.used != 0 || most.Load() > memoryBudget {
			t.Errorf("%d of the budget were used, %d are left in use", most.Load(), c.all.memory.used)
		}
	}
}

// TestManifestOfParts checks that a small manifest that would use much memory
// is rejected before it is decoded.
func TestManifestOfParts(t *testing.T) {
	one := `{"digest":"` + string(empty) + `"}`
	for n, ok := range map[int]bool{maxParts - 10: true, maxParts + 10: false} {
		body := []byte(`{"manifests":[` + one + strings.Repeat(","+one, n-1) + `]}`)
		at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", OCIIndex)
			w.Write(body)
		}))
		c := New(Options{})
		defer c.Close()
		_, err := c.Manifest(t.Context(), Repository{Host: at.Host, Path: "a"}, "v1")
		if wrong := (*ManifestError)(nil); (err == nil) != ok || !ok && !errors.As(err, &wrong) {
			t.Errorf("%d parts: %v", n, err)
		}
	}
	for data, n := range map[string]int{
		`{}`: 0, `{"a":[]}`: 1, `{"a":[1,2,3],"b":"],[,","c":{"d":[1,2],"e":{}}}`: 5, `{"a":[{"x":[1,2]},{}]}`: 2, `]]],`: 0, `"\",,`: 0,
	} {
		if got := parts([]byte(data)); got != n {
			t.Errorf("%s: %d parts, want %d", data, got, n)
		}
	}
}

// TestManifestsInUse checks that manifests are not read while others use too
// much memory, and are read after those are released.
func TestManifestsInUse(t *testing.T) {
	body := []byte(`{"schemaVersion":2,"config":{"digest":"` + string(empty) + `"},"layers":[],"x":"` + strings.Repeat("x", 15<<20) + `"}`)
	at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", OCIManifest)
		w.Write(body)
	}))
	c := New(Options{Retry: retry.Policy{Attempts: 1}})
	defer c.Close()
	read := func() (Manifest, error) {
		return c.Manifest(t.Context(), Repository{Host: at.Host, Path: "a"}, "v1")
	}
	var held []Manifest
	for len(held) < 2*maxAlive/len(body) {
		m, err := read()
		if errors.As(err, new(*CrowdedError)) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, m)
	}
	if n := len(held); n != maxAlive/len(body) {
		t.Errorf("%d manifests were read", n)
	}
	runtime.KeepAlive(held)
	held = nil
	if _, err := read(); err != nil { // nobody holds them any more
		t.Fatal(err)
	}
	if host, reason := Blame(&CrowdedError{}); host+reason != "" {
		t.Errorf("%s is blamed: %s", host, reason)
	}
}

// TestHugeBlob checks the limit for the size of a blob.
func TestHugeBlob(t *testing.T) {
	c := New(Options{MaxBlob: 1000})
	defer c.Close()
	err := c.CopyBlob(t.Context(), Repository{Host: "127.0.0.1:1"}, ocispec.Descriptor{Digest: empty, Size: 1001}, Repository{Host: "127.0.0.1:1"}, nil)
	if err == nil || !strings.Contains(err.Error(), "1001 bytes") || Unavailable(err) {
		t.Errorf("%v", err)
	}
	m := Manifest{MediaType: OCIManifest, Digest: empty, Body: []byte(`{"layers": [{"digest": "` + string(empty) + `", "size": 9000000000000000000}]}`)}
	if _, err := m.Content(); err == nil {
		t.Error("a size of nine exabytes is believed")
	}
}
