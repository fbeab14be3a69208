package registry

import (
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// http2Client starts a server that offers HTTP/2 and gives a client for it.
func http2Client(t *testing.T, server *httptest.Server) (c *Client, host string) {
	t.Helper()
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c = New(Options{Roots: roots})
	t.Cleanup(c.Close)
	return c, u.Host
}

// TestHTTP2 checks that a registry with HTTP/2 gets one connection.
func TestHTTP2(t *testing.T) {
	var old atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 {
			old.Add(1)
		}
		w.Header().Set("Docker-Content-Digest", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	}))
	c, host := http2Client(t, server)
	for range 3 {
		if _, err := c.Resolve(t.Context(), Repository{Host: host, Path: "a/b"}, "tag"); err != nil {
			t.Fatal(err)
		}
	}
	if n := old.Load(); n > 0 {
		t.Errorf("%d requests by HTTP/1", n)
	}
}

// If a server ends connections with GOAWAY during requests, new connections are
// opened and no request fails.
func TestHTTP2GoAway(t *testing.T) {
	var n, connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%5 == 0 {
			w.Header().Set("Connection", "close") // Go's server then sends GOAWAY
		}
		w.Header().Set("Docker-Content-Digest", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	c, host := http2Client(t, server)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := c.Resolve(t.Context(), Repository{Host: host, Path: "a/b"}, "tag"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := connections.Load(); got < 3 {
		t.Errorf("%d connections: nothing was ended", got)
	}
}

// The TLS settings of Docker Hub are those for the host that serves it.
func TestTLSOfDockerHub(t *testing.T) {
	asked := errors.New("a request was sent")
	ts := newTransports(Options{
		TLS:   func(string) (HostTLS, error) { return HostTLS{}, errors.New("not a certificate") },
		Proxy: func(*http.Request) (*url.URL, error) { return nil, asked },
	})
	defer ts.close()
	transport, err := ts.of("docker.io", false)
	var wrong *TLSError
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v, want a TLSError", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://registry-1.docker.io/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(r)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.As(err, &wrong) {
		t.Errorf("got %v, want a TLSError", err)
	}
}
