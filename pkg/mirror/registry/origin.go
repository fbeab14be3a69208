package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// origin is the address of a registry: its scheme, host and port.
type origin struct {
	gate  *throttle.Host
	loop  *retry.Loop
	plain bool  // http may be tried
	wrong error // a setting that keeps us from connecting
	wire  http.RoundTripper
	learn func([]auth.Challenge) // called with the registry's challenges

	connecting chan struct{} // held by the goroutine that connects
	base       atomic.Pointer[url.URL]
	unsure     atomic.Bool // the challenges have to be requested again
	// first is the registry's own time of its first answer in this run.
	first atomic.Pointer[time.Time]
}

func newOrigin(gate *throttle.Host, loop *retry.Loop, insecure bool, wire http.RoundTripper, learn func([]auth.Challenge)) *origin {
	return &origin{
		gate: gate, loop: loop, plain: insecure || loopback(gate.Name), wire: wire, learn: learn,
		connecting: make(chan struct{}, 1),
	}
}

// layer sends requests that name the registry to its address.
func (o *origin) layer(next http.RoundTripper) http.RoundTripper {
	return throttle.Func(func(r *http.Request) (*http.Response, error) {
		base, err := o.connect(r.Context())
		if err != nil {
			return nil, err
		}
		r = r.WithContext(context.WithValue(r.Context(), baseKey{}, base))
		if r.URL.Host == o.gate.Name {
			at := *r.URL
			at.Scheme, at.Host = base.Scheme, base.Host
			r.URL, r.Host = &at, ""
		}
		return next.RoundTrip(r)
	})
}

type baseKey struct{}

// baseOf returns the origin of the registry that a request goes to.
func baseOf(ctx context.Context) *url.URL {
	base, _ := ctx.Value(baseKey{}).(*url.URL)
	return base
}

// doubt makes the next request ask the registry again how to authenticate.
func (o *origin) doubt() { o.unsure.Store(true) }

// place returns the URL of a path of the registry, as far as it is known.
func (o *origin) place(path string) *url.URL {
	if base := o.base.Load(); base != nil {
		return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path}
	}
	return &url.URL{Scheme: "https", Host: o.gate.Name, Path: path}
}

// connect finds out, once, the scheme of the registry and how to authenticate.
// Other callers wait for that; a registry that cannot be reached is down for
// all.
func (o *origin) connect(ctx context.Context) (*url.URL, error) {
	if o.wrong != nil {
		return nil, o.wrong
	}
	if base := o.base.Load(); base != nil && !o.unsure.Load() {
		return base, nil
	}
	select {
	case o.connecting <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-o.connecting }()
	if base := o.base.Load(); base != nil && !o.unsure.Load() {
		return base, nil
	}
	var base *url.URL
	var err error
	if throttle.Trying(ctx) {
		base, err = o.ping(ctx)
	} else {
		if err := o.gate.Closed(); err != nil {
			return nil, err // an earlier caller found out
		}
		err = o.loop.Do(ctx, func() (err error) {
			base, err = o.ping(ctx)
			return err
		})
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err
	case errors.As(err, new(*retry.SpentError)):
		return nil, err // other callers may retry more often
	case err != nil:
		return nil, o.gate.Down(err)
	}
	o.base.Store(base)
	o.unsure.Store(false)
	return base, nil
}

// pingTime is the timeout for the first answer of a registry, and for a token:
// both are small, whatever the time is that a transfer may take.
const pingTime = 30 * time.Second

// server returns the host that serves a registry.
func server(registry string) string {
	if registry == "docker.io" {
		return "registry-1.docker.io"
	}
	return registry
}

// ping sends GET /v2/ by https and, if that is allowed and the host does not
// speak TLS, by http.
func (o *origin) ping(ctx context.Context) (*url.URL, error) {
	name := server(o.gate.Name)
	base := &url.URL{Scheme: "https", Host: name}
	resp, err := o.pingOnce(ctx, base)
	if err != nil && o.plain && noTLS(err) {
		base = &url.URL{Scheme: "http", Host: name}
		resp, err = o.pingOnce(ctx, base)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if throttle.Temporary(resp.StatusCode) {
		return nil, newError(o.gate, resp, o.loop.Clock.Now())
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		o.first.CompareAndSwap(nil, &at)
	}
	o.learn(auth.Challenges(resp.Header))
	return base, nil
}

// noTLS reports whether an error means that the host does not speak TLS.
func noTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || errors.Is(err, syscall.ECONNREFUSED)
}

func (o *origin) pingOnce(ctx context.Context, base *url.URL) (*http.Response, error) {
	ctx = throttle.Work{Kind: "ping", Idle: pingTime}.Into(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("v2/").String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := o.wire.RoundTrip(req)
	if err != nil && (errors.As(err, new(tls.RecordHeaderError)) || strings.Contains(err.Error(), "malformed HTTP")) {
		err = throttle.OnTheWay(req.Method, req.URL, &throttle.NoHTTPError{Err: err}, nil)
	}
	return resp, err
}

// loopback reports whether a host, with or without port, is this machine.
func loopback(name string) bool {
	host, _, err := net.SplitHostPort(name)
	if err != nil {
		host = strings.Trim(name, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
