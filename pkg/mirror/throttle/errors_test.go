package throttle

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"
)

// TestReasonOfNetworkError checks that the reason is in words and names an
// unreachable proxy.
func TestReasonOfNetworkError(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3128}, Err: syscall.ECONNREFUSED}
	unknown := &net.DNSError{Err: "no such host", Name: "p.invalid", Server: "127.0.0.1:53", IsNotFound: true}
	for _, tt := range []struct {
		err          error
		reason, text string
	}{
		{io.EOF, "connection closed without a response", "connection closed without a response"},
		{io.ErrUnexpectedEOF, "connection closed in the middle of a response", "connection closed in the middle of a response"},
		{fmt.Errorf("reading: %w", io.EOF), "connection closed without a response", "reading: EOF"},
		{refused, "connection refused", "dial tcp 127.0.0.1:3128: connection refused"},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}, "the proxy 127.0.0.1:3128: connection refused", "proxyconnect tcp: dial tcp 127.0.0.1:3128: connection refused"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: unknown}, "host not found", "host not found"},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.OpError{Op: "dial", Net: "tcp", Err: unknown}}, "the proxy p.invalid: host not found", "the proxy p.invalid: host not found"},
		{&url.Error{Op: "Get", URL: "https://q.invalid/?token=s3cret", Err: errors.New("broken")}, "broken", "broken"},
	} {
		e := OnTheWay("GET", &url.URL{Scheme: "https", Host: "q.invalid", Path: "/v2/"}, tt.err, nil)
		if e.Reason != tt.reason || e.Error() != "GET https://q.invalid/v2/: "+tt.text {
			t.Errorf("%v: %q, %v; want %q, %q", tt.err, e.Reason, e, tt.reason, tt.text)
		}
	}
}
