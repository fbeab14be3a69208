package registry

import (
	"crypto/x509"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
)

// Options make a [Client]. The zero value reaches public registries anonymously.
type Options struct {
	Keychain auth.Keychain // nil: anonymous
	// Insecure says for which hosts certificates are not verified and plain HTTP
	// is tried when there is no TLS; nil: none. Loopback hosts are always tried
	// over plain HTTP when they do not speak TLS.
	Insecure func(host string) bool
	// Roots are the certificate authorities to trust; nil: the system's.
	Roots *x509.CertPool
	// MaxPerHost bounds the requests in flight to each host. The default starts
	// with 16 and goes up to 64 as long as the host answers well. A host that
	// says that it is too much (429, 503) gets fewer.
	MaxPerHost int
	// TokenEndpoints are hosts that may get a registry's credential although
	// they do not belong to its domain.
	TokenEndpoints []string
	Retry          Retry
	// Idle ends a request or transfer in which nothing moved for so long;
	// default 2 minutes.
	Idle      time.Duration
	Clock     Clock
	UserAgent string
	Log       *slog.Logger // nil: discarded
	// Transport replaces the HTTP transport, for tests; nil: one like
	// http.DefaultTransport with connections enough for MaxPerHost.
	Transport http.RoundTripper
}

// Client speaks to registries. It may be used by many goroutines.
type Client struct {
	opts     Options
	start    int // requests in flight to a host that was not asked yet
	clock    Clock
	log      *slog.Logger
	secure   http.RoundTripper
	insecure http.RoundTripper
	secrets  secrets

	mu    sync.Mutex
	hosts map[string]*host
}

// Requests in flight to a host when no bound is given: at the start of a run,
// and when the host has answered well for a while.
const (
	DefaultStart      = 16
	DefaultMaxPerHost = 64
)

// New makes a client.
func New(opts Options) *Client {
	opts.Retry = opts.Retry.withDefaults()
	start := opts.MaxPerHost
	if opts.MaxPerHost <= 0 {
		start, opts.MaxPerHost = DefaultStart, DefaultMaxPerHost
	}
	if opts.Idle <= 0 {
		opts.Idle = 2 * time.Minute
	}
	if opts.UserAgent == "" {
		opts.UserAgent = "mirror-tools"
	}
	if opts.Keychain == nil {
		opts.Keychain = auth.Chain{}
	}
	c := &Client{opts: opts, start: start, clock: opts.Clock.withDefaults(), log: opts.Log, hosts: map[string]*host{}}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.secure, c.insecure = opts.Transport, opts.Transport
	if opts.Transport == nil {
		c.secure, c.insecure = newTransport(opts, false), newTransport(opts, true)
	}
	return c
}

// Stats gives what was asked and moved so far, by host in order of name.
func (c *Client) Stats() []HostStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []HostStats{}
	for _, name := range slices.Sorted(maps.Keys(c.hosts)) {
		out = append(out, c.hosts[name].stats.snapshot(name))
	}
	return out
}

// MaxPerHost is the most requests in flight to one host.
func (c *Client) MaxPerHost() int { return c.opts.MaxPerHost }

// Close closes idle connections.
func (c *Client) Close() {
	for _, t := range []http.RoundTripper{c.secure, c.insecure} {
		if idle, ok := t.(interface{ CloseIdleConnections() }); ok {
			idle.CloseIdleConnections()
		}
	}
}

func (c *Client) host(name string) *host {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.hosts[name]
	if !ok {
		h = &host{
			c: c, name: name,
			mayBeInsecure: c.opts.Insecure != nil && c.opts.Insecure(name),
			limiter:       newLimiter(c.start, c.opts.MaxPerHost),
			stats:         &stats{by: map[Count]int64{}},
			tokens:        map[tokenKey]*tokenEntry{},
			connecting:    make(chan struct{}, 1),
			checked:       make(chan struct{}),
		}
		c.hosts[name] = h
	}
	return h
}

// loopback says whether a host, with or without port, is this machine.
func loopback(name string) bool {
	host, _, err := net.SplitHostPort(name)
	if err != nil {
		host = strings.Trim(name, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
