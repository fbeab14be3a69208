package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// HostTLS are the TLS settings of one registry, beside those of all.
type HostTLS struct {
	Certificates []tls.Certificate // of the client
	Roots        *x509.CertPool    // to trust for this registry instead; nil: those of all
}

// transports are the HTTP transports: one that verifies certificates, one that
// does not, and those of registries with settings of their own.
type transports struct {
	opts             Options
	secure, insecure http.RoundTripper

	mu  sync.Mutex
	own []http.RoundTripper
}

func newTransports(opts Options) *transports {
	if opts.Transport != nil {
		return &transports{opts: opts, secure: opts.Transport, insecure: opts.Transport}
	}
	return &transports{opts: opts, secure: newTransport(opts, false), insecure: newTransport(opts, true)}
}

func (t *transports) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, rt := range append([]http.RoundTripper{t.secure, t.insecure}, t.own...) {
		if idle, ok := rt.(interface{ CloseIdleConnections() }); ok {
			idle.CloseIdleConnections()
		}
	}
}

// of returns the transport for a registry and its redirects: only the
// registry's own certificate may go unverified, and only the registry gets the
// client's. If the registry's TLS settings cannot be used, of also returns the
// [*TLSError] with which each request fails.
func (t *transports) of(name string, insecure bool) (http.RoundTripper, error) {
	special, err := t.special(name, insecure)
	host := server(name)
	own := (&url.URL{Host: host}).Hostname()
	return throttle.Func(func(r *http.Request) (*http.Response, error) {
		switch {
		case special != nil && strings.EqualFold(r.URL.Host, host):
			return special.RoundTrip(r)
		case insecure && r.URL.Hostname() == own:
			return t.insecure.RoundTrip(r)
		}
		return t.secure.RoundTrip(r)
	}), err
}

// special returns the transport of a registry with its own TLS settings, or
// nil.
func (t *transports) special(name string, insecure bool) (http.RoundTripper, error) {
	if t.opts.TLS == nil || t.opts.Transport != nil {
		return nil, nil
	}
	settings, err := t.opts.TLS(name)
	if err != nil {
		err = &TLSError{name, err}
		return throttle.Func(func(*http.Request) (*http.Response, error) { return nil, err }), err
	}
	if len(settings.Certificates) == 0 && settings.Roots == nil {
		return nil, nil
	}
	transport := newTransport(t.opts, insecure)
	transport.TLSClientConfig.Certificates = settings.Certificates
	if settings.Roots != nil {
		transport.TLSClientConfig.RootCAs = settings.Roots
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.own = append(t.own, transport)
	return transport, nil
}

func newTransport(opts Options, insecure bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	buffers := &sync.Pool{New: func() any { b := make([]byte, piece); return &b }}
	return &http.Transport{
		Proxy: opts.Proxy,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			return &throttle.ProxyError{Proxy: proxy.Host, Status: resp.StatusCode}
		},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if tcp, ok := conn.(*net.TCPConn); ok {
				return bulkConn{tcp, buffers}, nil
			}
			return conn, err
		},
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2 * opts.MaxPerHost, // within one registry a transfer needs two
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    15 * time.Second,
		DisableCompression:     true, // blobs are needed byte for byte
		MaxResponseHeaderBytes: maxHeaders,
		WriteBufferSize:        8 << 10,
		ReadBufferSize:         8 << 10,
		TLSClientConfig:        &tls.Config{RootCAs: opts.Roots, InsecureSkipVerify: insecure}, // #nosec G402 -- only for hosts named by --insecure
	}
}

// bulkConn writes a request's body in larger pieces than net/http does, which
// saves system calls and copies between buffers.
type bulkConn struct {
	*net.TCPConn
	buffers *sync.Pool // of *[]byte
}

// maxHeaders bounds the headers of an answer, in bytes.
const maxHeaders = 256 << 10

// piece is the size of such a piece in bytes. It should stay in the processor's
// cache while it is read, hashed and written.
const piece = 256 << 10

// ReadFrom implements [io.ReaderFrom], which net/http looks for.
func (c bulkConn) ReadFrom(r io.Reader) (int64, error) {
	buf := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{c.TCPConn}, r, *buf)
}
