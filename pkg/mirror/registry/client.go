package registry

import (
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Options make a [Client]. The zero value reaches public registries anonymously.
type Options struct {
	Keychain credentials.Keychain // nil: anonymous
	// Insecure reports whether the certificate of a host is not verified and
	// plain HTTP is tried; nil: of none. Loopback hosts are always tried over
	// plain HTTP if they do not speak TLS.
	Insecure func(host string) bool
	// Roots are the certificate authorities to trust; nil: the system's.
	Roots *x509.CertPool
	// TLS returns TLS settings for one registry; nil: none. An error fails
	// every request to that registry.
	TLS func(host string) (HostTLS, error)
	// Proxy returns the proxy of a request; nil: none. See
	// [http.ProxyFromEnvironment].
	Proxy func(*http.Request) (*url.URL, error)
	// MaxPerHost is that of [throttle.Options].
	MaxPerHost int
	// TokenEndpoints are hosts that may get a registry's credential although
	// they do not belong to its domain.
	TokenEndpoints []string
	Listings       Listings
	// MaxBlob is the largest size of a blob, in bytes, that is believed;
	// default [DefaultMaxBlob].
	MaxBlob int64
	Retry   retry.Policy
	// Idle ends a request or transfer without progress for this time; default
	// [throttle.DefaultIdle].
	Idle      time.Duration
	Clock     throttle.Clock
	UserAgent string
	Log       *slog.Logger // nil: discarded
	// Transport replaces the HTTP transport, for tests; nil: one like
	// http.DefaultTransport with enough connections for MaxPerHost.
	Transport http.RoundTripper
}

// Client sends requests to registries. It is safe for concurrent use.
type Client struct {
	*Manifests
	*Blobs
	*Lists
	*Access
	all *registries
}

// Manifests reads and pushes manifests.
type Manifests struct{ all *registries }

// Blobs reads, mounts and pushes blobs.
type Blobs struct{ all *registries }

// Lists reads lists of tags and of referrers.
type Lists struct{ all *registries }

// Access checks what a credential may do.
type Access struct{ all *registries }

// registries are all registries of a client, and what they share.
type registries struct {
	opts       Options
	secrets    *credentials.Secrets
	throttles  *throttle.Hosts
	transports *transports
	started    time.Time
	memory     *memory

	mu    sync.Mutex
	hosts map[string]*host
}

// DefaultMaxBlob is the largest blob, in bytes, that a client believes.
const DefaultMaxBlob = 1 << 40

// New returns a client.
func New(opts Options) *Client {
	opts.Retry = opts.Retry.WithDefaults()
	opts.Clock = opts.Clock.WithDefaults()
	if opts.MaxBlob <= 0 {
		opts.MaxBlob = DefaultMaxBlob
	}
	if opts.UserAgent == "" {
		opts.UserAgent = "mirror-tools"
	}
	if opts.Keychain == nil {
		opts.Keychain = credentials.Chain{}
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	rs := &registries{opts: opts, secrets: &credentials.Secrets{}, hosts: map[string]*host{}, started: opts.Clock.Now(), memory: newMemory(memoryBudget)}
	rs.throttles = throttle.NewHosts(throttle.Options{
		MaxPerHost: opts.MaxPerHost, Idle: opts.Idle, Clock: opts.Clock, Log: opts.Log, Scrub: rs.secrets.Scrub,
	})
	rs.opts.MaxPerHost = rs.throttles.Options().MaxPerHost
	rs.transports = newTransports(rs.opts)
	return &Client{Manifests: &Manifests{rs}, Blobs: &Blobs{rs}, Lists: &Lists{rs}, Access: &Access{rs}, all: rs}
}

// Stats returns the requests and transfers so far, by host in order of name.
func (c *Client) Stats() []throttle.HostStats { return c.all.throttles.Stats() }

// MaxPerHost returns the limit of concurrent requests to one host.
func (c *Client) MaxPerHost() int { return c.all.opts.MaxPerHost }

// Scrub removes every secret that the client has used from a text.
func (c *Client) Scrub(text string) string { return c.all.secrets.Scrub(text) }

// Close closes idle connections.
func (c *Client) Close() { c.all.transports.close() }

func (rs *registries) host(name string) *host {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	h, ok := rs.hosts[name]
	if !ok {
		h = rs.newHost(name)
		rs.hosts[name] = h
	}
	return h
}
