package registry

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

func newTransport(opts Options, insecure bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	buffers := &sync.Pool{New: func() any { b := make([]byte, piece); return &b }}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
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
		DisableCompression:     true, // a blob is wanted byte for byte
		MaxResponseHeaderBytes: 256 << 10,
		WriteBufferSize:        8 << 10,
		ReadBufferSize:         8 << 10,
		TLSClientConfig:        &tls.Config{RootCAs: opts.Roots, InsecureSkipVerify: insecure},
	}
}

// bulkConn writes a request's body in larger pieces than net/http does by
// itself: fewer calls of the system, and no copy between buffers.
type bulkConn struct {
	*net.TCPConn
	buffers *sync.Pool // of *[]byte
}

// piece is the size of such a piece. It should stay in the processor's cache
// while it is read, hashed and written.
const piece = 256 << 10

// ReadFrom implements [io.ReaderFrom], which net/http looks for.
func (c bulkConn) ReadFrom(r io.Reader) (int64, error) {
	buf := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{c.TCPConn}, r, *buf)
}
