package testkit_test

import (
	"io"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

func TestCompareImagesFindsDifferences(t *testing.T) {
	flip := false
	src := testkit.InProcess(t, nil)
	h := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	dst := testkit.Serve(t, "lying", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if flip && testkit.Class(r) == "GET blob" {
			io.WriteString(w, strings.Repeat("x", 100))
			return
		}
		h.ServeHTTP(w, r)
	}))
	img := testkit.Image(t, "a", testkit.Layer(1, 100))
	src.Push(t, "x/y:1", img)
	digest := dst.Push(t, "x/z:1", img)
	if n, err := testkit.CompareImages(src, "x/y:1", dst, "x/z:1"); err != nil || n != 3 {
		t.Errorf("equal images: %d objects, %v", n, err)
	}
	if n, err := testkit.CompareReferences(src.Host+"/x/y:1", dst.Host+"/x/z:1"); err != nil || n != 3 {
		t.Errorf("by reference: %d objects, %v", n, err)
	}
	if _, err := testkit.CompareReferences("127.0.0.1:1/x/y:1", dst.Host+"/x/z:1"); err == nil {
		t.Error("a registry that does not run was compared")
	}
	if got := dst.Digest("x/z:1"); got != digest {
		t.Errorf("digest %s, want %s", got, digest)
	}
	flip = true
	if _, err := testkit.CompareImages(src, "x/y:1", dst, "x/z:1"); err == nil {
		t.Error("a changed blob was not found")
	}
	flip = false
	dst.Push(t, "x/z:1", testkit.Image(t, "b", testkit.Layer(1, 100)))
	if _, err := testkit.CompareImages(src, "x/y:1", dst, "x/z:1"); err == nil {
		t.Error("another image was not found")
	}
	if _, err := testkit.CompareImages(src, "x/y:1", dst, "x/z:2"); err == nil {
		t.Error("a missing image was not found")
	}
}

func TestRecorder(t *testing.T) {
	var rec testkit.Recorder
	r := testkit.InProcess(t, rec.Wrap)
	r.Push(t, "x/y:1", testkit.Image(t, "a"))
	rec.Reset()
	rec.Fault = func(w http.ResponseWriter, _ *http.Request, class string, n int) bool {
		if class != "HEAD manifest" || n > 0 {
			return false
		}
		w.WriteHeader(http.StatusTeapot)
		return true
	}
	var got []int
	for range 2 {
		resp, err := http.Head("http://" + r.Host + "/v2/x/y/manifests/1")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, resp.StatusCode)
	}
	if got[0] != http.StatusTeapot || got[1] != http.StatusOK {
		t.Errorf("answers %v", got)
	}
	if rec.Count("HEAD manifest") != 2 || rec.Count() != 2 || rec.Requests()[0] != "HEAD /v2/x/y/manifests/1" {
		t.Errorf("counted %v", rec.Classes())
	}
}

func TestClass(t *testing.T) {
	for request, want := range map[string]string{
		"GET /v2/": "ping", "GET /v2/a/b/tags/list?n=1": "tags", "HEAD /v2/a/b/manifests/1": "HEAD manifest",
		"PUT /v2/a/b/manifests/1": "PUT manifest", "GET /v2/a/blobs/sha256:1": "GET blob", "HEAD /v2/a/blobs/sha256:1": "HEAD blob",
		"POST /v2/a/blobs/uploads/": "POST upload", "POST /v2/a/blobs/uploads/?mount=sha256:1&from=b": "mount",
		"PATCH /v2/a/blobs/uploads/1": "PATCH upload", "PUT /v2/a/blobs/uploads/1?digest=x": "PUT upload",
		"GET /v2/a/referrers/sha256:1": "referrers", "GET /token": "other",
	} {
		method, url, _ := strings.Cut(request, " ")
		r, err := http.NewRequest(method, "http://x"+url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := testkit.Class(r); got != want {
			t.Errorf("%s: %s, want %s", request, got, want)
		}
	}
}
