package registry

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// TestManifestOfTag compares the manifest of a tag with the digest in the
// header; if the two differ permanently, both digests are requested.
func TestManifestOfTag(t *testing.T) {
	const image = `{"schemaVersion": 2, "config": {}, "layers": []}`
	const spoilt = `{"schemaVersion": 2, "config": {}, "lAyers": []}`
	const page = "<!DOCTYPE html><html>Sign in</html>"
	right := digest.FromString(image).String()
	lie := "sha256:" + strings.Repeat("5", 64)
	var different *DigestError
	var none *ManifestError
	for name, tt := range map[string]struct {
		told     string   // as digest
		bodies   []string // for the tag, one after the other, the last for good
		want     any      // the expected error; nil: the image
		requests int      // for manifests
	}{
		"all is well":                {right, []string{image}, nil, 1},
		"no digest":                  {"", []string{image}, nil, 1},
		"an unreadable digest":       {"sha256:x", []string{image}, nil, 1},
		"a digest of another kind":   {digest.SHA512.FromString(image).String(), []string{image}, nil, 1},
		"a byte changed once":        {right, []string{spoilt, image}, nil, 2},
		"a byte changed twice":       {right, []string{spoilt, spoilt + " ", image}, nil, 3},
		"a byte changed for good":    {right, []string{spoilt}, &different, 3},
		"the digest is wrong":        {lie, []string{image}, nil, 3},
		"a page once":                {right, []string{page, image}, nil, 2},
		"a page for good":            {right, []string{page}, &none, 2},
		"a page without digest":      {"", []string{page}, &none, 2},
		"an error for good":          {"", []string{`{"errors": [{"code": "DENIED"}]}`}, &none, 2},
		"nothing, and then an image": {"", []string{"", image}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch _, ref, _ := strings.Cut(r.URL.Path, "/manifests/"); ref {
				case "":
				case "tag":
					w.Header().Set("Docker-Content-Digest", tt.told)
					w.Header().Set("Content-Type", OCIManifest)
					w.Write([]byte(tt.bodies[min(n, len(tt.bodies)-1)]))
					n++
				case right:
					w.Header().Set("Content-Type", OCIManifest)
					w.Write([]byte(image))
					n++
				default:
					w.WriteHeader(http.StatusNotFound)
					n++
				}
			}))
			defer s.Close()
			c := New(Options{Retry: retry.Policy{Base: time.Millisecond}})
			defer c.Close()
			m, err := c.Manifest(t.Context(), at(s), "tag")
			switch {
			case tt.want == nil && (err != nil || string(m.Body) != image || m.Digest.String() != right):
				t.Errorf("%s %q: %v", m.Digest, m.Body, err)
			case tt.want != nil && !errors.As(err, tt.want):
				t.Errorf("%q: %v", m.Body, err)
			}
			if n != tt.requests {
				t.Errorf("%d requests for manifests, want %d", n, tt.requests)
			}
		})
	}
}
