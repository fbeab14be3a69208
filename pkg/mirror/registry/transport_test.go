package registry

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"crypto/x509"
	"net/url"
)

// TestHTTP2 asks a registry that offers HTTP/2 over one connection.
func TestHTTP2(t *testing.T) {
	var old atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 {
			old.Add(1)
		}
		w.Header().Set("Docker-Content-Digest", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := New(Options{Roots: roots})
	t.Cleanup(c.Close)
	for range 3 {
		if _, err := c.Resolve(t.Context(), Repository{Host: u.Host, Path: "a/b"}, "tag"); err != nil {
			t.Fatal(err)
		}
	}
	if n := old.Load(); n > 0 {
		t.Errorf("%d requests by HTTP/1", n)
	}
}
