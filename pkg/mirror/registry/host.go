package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
)

// host is what a client knows of one registry.
type host struct {
	c             *Client
	name          string
	mayBeInsecure bool
	limiter       *limiter
	stats         *stats
	total         Tally // of all requests
	pace          pace
	breaker       breaker

	connecting chan struct{} // held by the one who finds out how to reach it
	base       atomic.Pointer[url.URL]
	unsure     atomic.Bool // how it wants us to authenticate has to be asked again

	mu         sync.Mutex
	challenges []auth.Challenge
	tokens     map[tokenKey]*tokenEntry
	quietUntil time.Time

	headWorks  atomic.Bool   // HEAD of a manifest has given a digest
	headBroken atomic.Bool   // HEAD of a manifest lies: use GET
	head404    atomic.Bool   // a 404 to HEAD was found to be true: believed where we write, and a mistake costs a request
	checking   atomic.Bool   // somebody finds out whether one is true
	checked    chan struct{} // closed when that was tried
	chunk      atomic.Int64  // largest request body it takes; 0: a whole blob
}

type tokenKey struct {
	path string
	push bool
	from string
}

type tokenEntry struct {
	lock  chan struct{} // holds one thing while somebody asks for the token
	token auth.Token
}

// connect finds out, once, by which scheme the host is reached and how it wants
// us to authenticate. Whoever comes meanwhile waits for that; a host that
// cannot be reached is down for all. trying is for the one who tries whether
// that is still so.
func (h *host) connect(ctx context.Context, trying bool) (*url.URL, error) {
	if base := h.base.Load(); base != nil && !h.unsure.Load() {
		return base, nil
	}
	select {
	case h.connecting <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-h.connecting }()
	if base := h.base.Load(); base != nil && !h.unsure.Load() {
		return base, nil
	}
	var base *url.URL
	var err error
	if trying {
		base, err = h.ping(ctx)
	} else {
		if err := h.breaker.closed(h.name, h.c.clock.Now()); err != nil {
			return nil, err // whoever asked before found out
		}
		err = h.retry(ctx, func() (err error) {
			base, err = h.ping(ctx)
			return err
		})
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err
	case errors.As(err, new(*spentError)):
		return nil, err // others may try it more often
	case err != nil:
		return nil, h.isDown(err)
	}
	h.base.Store(base)
	h.unsure.Store(false)
	return base, nil
}

// pingTime is how long the first answer of a host is waited for.
const pingTime = 30 * time.Second

// ping asks GET /v2/, by https and, where that is allowed and nobody speaks TLS
// there, by http.
func (h *host) ping(ctx context.Context) (*url.URL, error) {
	name := h.name
	if name == "docker.io" {
		name = "registry-1.docker.io"
	}
	base := &url.URL{Scheme: "https", Host: name}
	resp, err := h.pingOnce(ctx, base)
	if err != nil && (h.mayBeInsecure || loopback(name)) && noTLS(err) {
		base = &url.URL{Scheme: "http", Host: name}
		resp, err = h.pingOnce(ctx, base)
	}
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	if temporaryStatus(resp.StatusCode) {
		return nil, h.newError(resp.Request, resp)
	}
	h.challenged(auth.Challenges(resp.Header))
	return base, nil
}

// noTLS says whether an error means that nobody speaks TLS there.
func noTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || errors.Is(err, syscall.ECONNREFUSED)
}

func (h *host) pingOnce(ctx context.Context, base *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("v2/").String(), nil)
	if err != nil {
		return nil, err
	}
	return h.roundTrip(req, "GET ping")
}

func (h *host) challenged(offered []auth.Challenge) {
	if len(offered) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.challenges = offered
}

// authorization makes the header for a request to repo, which may also read
// the repository from on the same host. token is what was used, so that it can
// be thrown away when the registry does not take it.
func (h *host) authorization(ctx context.Context, base *url.URL, repo Repository, from string) (header string, token *auth.Token, err error) {
	h.mu.Lock()
	offered := h.challenges
	h.mu.Unlock()
	if len(offered) == 0 {
		return "", nil, nil
	}
	cred, err := h.c.opts.Keychain.Lookup(ctx, h.name, repo.Path)
	if err != nil {
		return "", nil, &refusal{err.Error()}
	}
	h.c.secrets.learnCredential(cred)
	if cred.RegistryToken != "" {
		return "Bearer " + cred.RegistryToken, nil, nil
	}
	has := func(scheme string) int {
		return slices.IndexFunc(offered, func(c auth.Challenge) bool { return c.Scheme == scheme })
	}
	if i := has("bearer"); i >= 0 {
		t, err := h.token(ctx, base, offered[i], cred, repo, from)
		if errors.Is(err, auth.ErrRealm) {
			h.unsure.Store(true) // whoever comes next asks again: one bad answer is not the end
		}
		return "Bearer " + t.Value, &t, err
	}
	if has("basic") >= 0 && cred.Username+cred.Password != "" {
		return "Basic " + basicAuth(cred), nil, nil
	}
	return "", nil, nil
}

func (h *host) token(ctx context.Context, base *url.URL, challenge auth.Challenge, cred auth.Credential, repo Repository, from string) (auth.Token, error) {
	key := tokenKey{repo.Path, repo.Push, from}
	h.mu.Lock()
	entry, ok := h.tokens[key]
	if !ok {
		entry = &tokenEntry{lock: make(chan struct{}, 1)}
		h.tokens[key] = entry
	}
	h.mu.Unlock()

	select {
	case entry.lock <- struct{}{}:
	case <-ctx.Done():
		return auth.Token{}, context.Cause(ctx)
	}
	defer func() { <-entry.lock }()
	now := h.c.clock.Now()
	if entry.token.Value != "" && now.Before(entry.token.Expires) {
		return entry.token, nil
	}
	actions := ":pull"
	if repo.Push {
		actions = ":pull,push"
	}
	scopes := []string{"repository:" + repo.Path + actions}
	if from != "" && from != repo.Path {
		scopes = append(scopes, "repository:"+from+":pull")
	}
	request := auth.TokenRequest{
		Registry: base, Challenge: challenge, Scopes: scopes, Credential: cred,
		UserAgent: h.c.opts.UserAgent, Now: now, Trusted: h.c.opts.TokenEndpoints,
	}
	token, err := request.Fetch(ctx, func(req *http.Request) (*http.Response, error) {
		return h.roundTrip(req, req.Method+" token")
	})
	if err != nil {
		return auth.Token{}, err
	}
	h.c.secrets.learn(token.Value)
	entry.token = token
	return token, nil
}

// forget throws away a token that the registry did not take.
func (h *host) forget(repo Repository, from string, token auth.Token) {
	h.mu.Lock()
	entry := h.tokens[tokenKey{repo.Path, repo.Push, from}]
	h.mu.Unlock()
	if entry == nil {
		return
	}
	entry.lock <- struct{}{}
	defer func() { <-entry.lock }()
	if entry.token.Value == token.Value {
		entry.token = auth.Token{}
	}
}

// pause keeps all requests away from the host for a while.
func (h *host) pause(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.c.clock.Now()
	if until := now.Add(d); until.After(h.quietUntil) {
		if h.quietUntil.Before(now) {
			h.quietUntil = now
		}
		longer := until.Sub(h.quietUntil)
		h.stats.pausedFor(h.quietUntil, longer)
		h.quietUntil = until
		if longer >= d/2 { // many requests are told the same at the same time
			h.c.log.Info("the registry asks us to wait", "host", h.name, "wait", d)
		}
	}
}

// slot takes one of the requests that the host may have in flight, for a
// repository and, when a blob is sent, its size. take is a method of the limiter.
func (h *host) slot(ctx context.Context, take func(context.Context, string, int64) error, repo string, size int64) error {
	start := h.c.clock.Now()
	err := take(ctx, repo, size)
	TallyOf(ctx).Waited(WaitSlot, h.name, h.c.clock.Now().Sub(start))
	return err
}

// turn waits as long as the pace of the host and what it asked for demand; who
// is to wait briefly gets errLater where it asked for more.
func (h *host) turn(ctx context.Context, brief bool) error {
	if wait := h.pace.turn(h.c.clock.Now()); wait > 0 {
		h.stats.pacedFor(wait)
		TallyOf(ctx).Waited(WaitPace, h.name, wait)
		if err := h.c.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	if brief && h.quietFor() > shortly {
		return errLater
	}
	return h.quiet(ctx)
}

// health tells the breaker how a request went: an error means that the host may
// be down, or that it throttles us. began is when the request was sent.
func (h *host) health(began time.Time, err error, throttled bool) {
	now := h.c.clock.Now()
	if err == nil {
		if h.breaker.success() {
			h.stats.isBack(now)
			h.c.log.Info("the registry is back", "host", h.name)
		}
		return
	}
	if opens := h.breaker.failure(now, began, err, throttled); opens != nil {
		h.opened(opens)
	}
}

// isDown opens the breaker of a host that could not be reached at all.
func (h *host) isDown(err error) error {
	down, opens := h.breaker.trip(h.c.clock.Now(), err)
	down.Host = h.name
	if opens {
		h.opened(down)
	}
	return down
}

func (h *host) opened(down *DownError) {
	h.stats.isDown(down.Since, down.Err.Error())
	h.c.log.Warn("the registry is down: what needs it fails at once, until it answers again",
		"host", h.name, "since", down.Since.Format(time.TimeOnly), "error", down.Err)
}

// quietFor is how long the host wants to be left alone from now on.
func (h *host) quietFor() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(h.quietUntil.Sub(h.c.clock.Now()), 0)
}

// quiet waits until the host may be asked again.
func (h *host) quiet(ctx context.Context) error {
	for {
		wait := h.quietFor()
		if wait == 0 {
			return nil
		}
		TallyOf(ctx).Waited(WaitAsked, h.name, wait)
		if err := h.c.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}
