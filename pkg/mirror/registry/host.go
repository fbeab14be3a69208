package registry

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// host is the state of one registry.
type host struct {
	opts          *Options
	gate          *throttle.Host
	loop          *retry.Loop
	origin        *origin
	authenticator *authenticator
	send          http.RoundTripper // all layers, from the limit of requests to the transport

	head   headTrust
	upload uploadHabits
	wrote  recent
	lists  *digestLists
	memory *memory
}

// newHost stacks the layers of a registry: when a request is sent, where to,
// with which credential, and what it transfers.
func (rs *registries) newHost(name string) *host {
	gate := rs.throttles.Get(name)
	h := &host{
		opts: &rs.opts, gate: gate,
		loop:   &retry.Loop{Policy: rs.opts.Retry, Host: gate, Clock: rs.opts.Clock, Log: rs.opts.Log},
		memory: rs.memory, head: headTrust{checked: make(chan struct{})},
	}
	insecure := func(host string) bool { return rs.opts.Insecure != nil && rs.opts.Insecure(host) }
	reach := func(host string) (http.RoundTripper, error) { return rs.transports.of(host, insecure(host)) }
	transport, wrong := reach(name)
	wire := throttle.Observe(gate, identified(rs.opts.UserAgent, transport))
	h.authenticator = newAuthenticator(name, &rs.opts, rs.secrets, wire)
	h.origin = newOrigin(gate, h.loop, insecure(name), wire, h.authenticator.learn)
	h.origin.wrong = wrong
	h.authenticator.unsure = h.origin.doubt
	h.authenticator.answer = func(resp *http.Response) *Error { return newError(gate, resp, rs.opts.Clock.Now()) }
	h.send = h.paced(h.origin.layer(h.authenticator.layer(redirects(name, rs.secrets.Scrub, wire))))
	h.lists = newDigestLists(h, h.paced(h.origin.layer(wire)), reach, rs.started)
	return h
}

// paced puts before a transport what decides when a request is sent.
func (h *host) paced(next http.RoundTripper) http.RoundTripper {
	return throttle.Limit(h.gate, throttle.Guard(h.gate, throttle.Pace(h.gate, next)))
}

// elsewhere returns the layers for another server that is asked in the
// registry's place.
func (h *host) elsewhere(transport http.RoundTripper) http.RoundTripper {
	return throttle.Limit(h.gate, throttle.Pace(h.gate, throttle.Observe(h.gate, identified(h.opts.UserAgent, transport))))
}

// identified sets the headers that every request has.
func identified(agent string, next http.RoundTripper) http.RoundTripper {
	return throttle.Func(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("User-Agent", agent)
		r.Header.Set("Accept-Encoding", "identity")
		return next.RoundTrip(r)
	})
}

// headTrust is how far HEAD of manifests is trusted on a registry.
type headTrust struct {
	works    atomic.Bool   // it has returned a digest
	broken   atomic.Bool   // it is wrong: use GET
	absent   atomic.Bool   // a 404 was found to be true: trusted for destinations, where a mistake costs one request
	checking atomic.Bool   // somebody is checking whether a 404 is true
	checked  chan struct{} // closed after that check
}

// uploadHabits is how a registry accepts blobs, as far as it is known.
type uploadHabits struct {
	chunk atomic.Int64 // largest request body in bytes; 0: a whole blob
	patch atomic.Bool  // it accepts content by PATCH only
}

// recent remembers the latest writes to each repository.
type recent struct {
	futile atomic.Int64 // how often waiting for the registry to see a write was in vain

	mu sync.Mutex
	at map[string]map[digest.Digest]time.Time
}

// justNow is the age up to which a registry may not see a write.
const justNow = 30 * time.Second

func (r *recent) note(path string, d digest.Digest, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for old, at := range r.at[path] {
		if now.Sub(at) > justNow {
			delete(r.at[path], old)
		}
	}
	if r.at[path] == nil {
		if r.at == nil {
			r.at = map[string]map[digest.Digest]time.Time{}
		}
		r.at[path] = map[digest.Digest]time.Time{}
	}
	r.at[path][d] = now
}

// has reports whether something was written just now: what text names, or
// anything if it names nothing.
func (r *recent) has(path, text string, now time.Time) bool {
	named := digest.DigestRegexp.FindString(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	for d, at := range r.at[path] {
		if now.Sub(at) <= justNow && (named == "" || named == string(d)) {
			return true
		}
	}
	return false
}
