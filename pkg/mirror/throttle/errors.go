package throttle

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// DownError means that no request was sent to a registry, because nothing but
// failures has come from it since a time; Err is the last of them.
type DownError struct {
	Host  string
	Since time.Time
	Err   error
}

func (e *DownError) Error() string {
	return fmt.Sprintf("%s skipped: down since %s: %v", e.Host, e.Since.Format(time.TimeOnly), e.Err)
}

func (e *DownError) Unwrap() error { return e.Err }

// NetworkError is a failure on the way to a host. Its text has neither the
// query of the URL nor a secret, which the errors that it wraps may have.
type NetworkError struct {
	Method string
	URL    string // without user information and query
	Host   string
	Reason string // the innermost error, fit to print
	text   string
	err    error
}

// OnTheWay makes a NetworkError of a transport's error; scrub removes secrets
// from text and may be nil.
func OnTheWay(method string, target *url.URL, err error, scrub func(string) string) *NetworkError {
	if scrub == nil {
		scrub = func(s string) string { return s }
	}
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
		wrapped = nil
	}
	innermost := err
	for next := errors.Unwrap(innermost); next != nil; next = errors.Unwrap(innermost) {
		innermost = next
	}
	told := err.Error()
	reason := innermost.Error()
	switch innermost {
	case io.EOF:
		reason = "connection closed without a response"
	case io.ErrUnexpectedEOF:
		reason = "connection closed in the middle of a response"
	}
	if told == innermost.Error() {
		told = reason
	}
	if name := notFound(err); name != "" {
		reason, told = name, name
	}
	if proxy := unreachable(err); proxy != "" {
		reason = "the proxy " + proxy + ": " + reason
	}
	return &NetworkError{
		Method: method, URL: Redact(target, scrub), Host: target.Host,
		Reason: text.Short(scrub(reason), 80), text: text.Short(scrub(told), 500), err: err,
	}
}

// notFound describes an error about a host name that does not exist; "" for
// other errors. The resolver's text is long and names its own address.
func notFound(err error) string {
	var name *net.DNSError
	if !errors.As(err, &name) || !name.IsNotFound {
		return ""
	}
	var proxy *net.OpError
	if errors.As(err, &proxy) && proxy.Op == "proxyconnect" {
		return "the proxy " + name.Name + ": host not found"
	}
	return "host not found"
}

// unreachable returns the address of the proxy that an error is about; "" for
// other errors.
func unreachable(err error) string {
	var proxy, dial *net.OpError
	if !errors.As(err, &proxy) || proxy.Op != "proxyconnect" || !errors.As(proxy.Err, &dial) || dial.Addr == nil {
		return ""
	}
	return dial.Addr.String()
}

func (e *NetworkError) Error() string { return e.Method + " " + e.URL + ": " + e.text }
func (e *NetworkError) Unwrap() error { return e.err }

// ProxyError means that a proxy blocks a host.
type ProxyError struct {
	Proxy  string // its host
	Status int
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s denies the connection: %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// NoHTTPError means that a host does not speak HTTP, or no TLS although that is
// required.
type NoHTTPError struct{ Err error }

func (e *NoHTTPError) Error() string { return "not an HTTPS or HTTP server: " + e.Err.Error() }
func (e *NoHTTPError) Unwrap() error { return e.Err }

// Redact returns a URL without secrets, safe to print.
func Redact(u *url.URL, scrub func(string) string) string {
	s := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	if scrub != nil {
		s = scrub(s)
	}
	return text.Short(s, 300)
}

// Repeatable reports whether the same request may succeed after an error of a
// transport: not after a certificate that cannot be verified, a name that does
// not exist, or a host that is down.
func Repeatable(err error) bool {
	var (
		network *NetworkError
		down    *DownError
		cert    *tls.CertificateVerificationError
		name    *net.DNSError
		proxy   *ProxyError
	)
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &down), errors.As(err, &cert):
		return false
	case errors.As(err, &proxy):
		return Temporary(proxy.Status)
	case errors.As(err, &name) && name.IsNotFound:
		return false
	}
	return errors.As(err, &network)
}
