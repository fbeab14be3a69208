package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// authenticator authenticates requests to one registry. It remembers each challenge
// for the repository and the kind of access that it was sent for.
type authenticator struct {
	name    string
	opts    *Options
	secrets *credentials.Secrets
	wire    http.RoundTripper
	unsure  func()                      // makes the registry be asked again how to authenticate
	answer  func(*http.Response) *Error // reads a refusal
	renewal renewal
	logins  logins

	tokens tokens

	mu         sync.Mutex
	challenges map[purpose][]auth.Challenge // the zero purpose: of the registry as a whole
}

// purpose is the access that a request needs.
type purpose struct {
	path string
	push bool
	from string // a second repository to read from
}

type purposeKey struct{}

func (p purpose) into(ctx context.Context) context.Context {
	return context.WithValue(ctx, purposeKey{}, p)
}

func newAuthenticator(name string, opts *Options, secrets *credentials.Secrets, wire http.RoundTripper) *authenticator {
	return &authenticator{
		name: name, opts: opts, secrets: secrets, wire: wire, logins: logins{registry: name, by: map[credentials.Credential]*login{}},
		challenges: map[purpose][]auth.Challenge{}, tokens: tokens{of: map[purpose]*tokenEntry{}},
		renewal: renewal{lock: make(chan struct{}, 1), next: map[string]string{}, same: map[string]bool{}},
	}
}

// learn records the challenges of the registry as a whole.
func (a *authenticator) learn(offered []auth.Challenge) { a.learnFor(purpose{}, offered) }

func (a *authenticator) learnFor(p purpose, offered []auth.Challenge) {
	if len(offered) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.challenges[p] = offered
}

func (a *authenticator) offered(p purpose) []auth.Challenge {
	a.mu.Lock()
	defer a.mu.Unlock()
	if own, ok := a.challenges[purpose{path: p.path, push: p.push}]; ok {
		return own
	}
	return a.challenges[purpose{}]
}

// grant is the authorization of a request.
type grant struct {
	header string // "" for nothing
	cred   credentials.Credential
	token  *auth.Token // nil for another scheme
}

// misplaced reports whether a user and password were sent where the registry
// wants a token, according to the challenges of its answer.
func (g grant) misplaced(offered []auth.Challenge) bool {
	has := func(scheme string) bool {
		return slices.ContainsFunc(offered, func(c auth.Challenge) bool { return c.Scheme == scheme })
	}
	return strings.HasPrefix(g.header, "Basic ") && has("bearer") && !has("basic")
}

// layer sends requests with the repository's credential. On a 401 of the
// registry it reads the challenge, gets a new token or the current credential
// of the keychain, and sends the request once more, unless its body has been
// consumed.
func (a *authenticator) layer(next http.RoundTripper) http.RoundTripper {
	return throttle.Func(func(r *http.Request) (*http.Response, error) {
		ctx := r.Context()
		base := baseOf(ctx)
		if !sameMachine(base, r.URL) {
			return next.RoundTrip(r)
		}
		p, _ := ctx.Value(purposeKey{}).(purpose)
		gone := r.GetBody == nil && r.Body != nil && r.Body != http.NoBody
		for second := false; ; second = true {
			g, err := a.authorize(ctx, base, p)
			if err != nil {
				return nil, err
			}
			attempt := r.Clone(ctx)
			if g.header != "" {
				attempt.Header.Set("Authorization", g.header)
			}
			if second && r.GetBody != nil {
				if attempt.Body, err = r.GetBody(); err != nil {
					return nil, err
				}
			}
			resp, err := a.send(attempt, g, next)
			if errors.As(err, new(*CredentialError)) {
				if resp != nil {
					resp.Body.Close()
				}
				if second || !a.renew(ctx, p, g) {
					return nil, err
				}
				if gone {
					return nil, throttle.OnTheWay(r.Method, r.URL, errRenewed, a.secrets.Scrub)
				}
				continue
			}
			if err != nil || resp.StatusCode != http.StatusUnauthorized || !sameOrigin(base, resp.Request.URL) {
				return resp, err
			}
			offered := auth.Challenges(resp.Header)
			a.learnFor(purpose{path: p.path, push: p.push}, offered)
			renewed := g.misplaced(offered) || a.renew(ctx, p, g)
			if second || len(offered) == 0 || (g.header != "" || gone) && !renewed {
				return resp, nil
			}
			resp.Body.Close()
			if gone {
				return nil, throttle.OnTheWay(r.Method, r.URL, errRenewed, a.secrets.Scrub)
			}
		}
	})
}

var errRenewed = errors.New("the credential expired and is renewed")

// sameMachine reports whether an upload URL of the registry has the registry's
// own host, on any port, so that our credential may be sent there.
func sameMachine(base, target *url.URL) bool {
	return strings.EqualFold(base.Hostname(), target.Hostname()) && (target.Scheme == base.Scheme || target.Scheme == "https")
}

func sameOrigin(base, target *url.URL) bool {
	return base.Scheme == target.Scheme && strings.EqualFold(base.Host, target.Host)
}

// renew discards what the registry refused and reports whether there is
// something else to send.
func (a *authenticator) renew(ctx context.Context, p purpose, refused grant) bool {
	switch {
	case refused.token != nil:
		a.tokens.forget(p, *refused.token)
		return true
	case refused.header == "":
		return false
	}
	now, err := a.anew(ctx, p, refused.cred)
	return err == nil && now != refused.cred
}

// anew looks up a refused credential again.
func (a *authenticator) anew(ctx context.Context, p purpose, refused credentials.Credential) (credentials.Credential, error) {
	if r, ok := a.opts.Keychain.(credentials.Renewer); ok {
		r.Renew(a.name, p.path, refused)
	}
	return a.lookup(ctx, p)
}

func (a *authenticator) lookup(ctx context.Context, p purpose) (credentials.Credential, error) {
	cred, err := a.opts.Keychain.Lookup(ctx, a.name, p.path)
	if err != nil {
		if ctx.Err() != nil {
			return cred, context.Cause(ctx)
		}
		return cred, &LookupError{a.name, a.secrets.Scrub(err.Error())}
	}
	a.secrets.LearnCredential(cred)
	return cred, nil
}

// anonymous reports whether there is no credential for a repository.
func (a *authenticator) anonymous(ctx context.Context, path string) bool {
	cred, err := a.lookup(ctx, purpose{path: path})
	return err == nil && cred.Anonymous()
}

// authorize returns the Authorization header for a purpose.
func (a *authenticator) authorize(ctx context.Context, base *url.URL, p purpose) (grant, error) {
	offered := a.offered(p)
	if len(offered) == 0 {
		return grant{}, nil
	}
	cred, err := a.lookup(ctx, p)
	if err != nil {
		return grant{}, err
	}
	if cred.RegistryToken != "" {
		return grant{header: "Bearer " + cred.RegistryToken, cred: cred}, nil
	}
	has := func(scheme string) int {
		return slices.IndexFunc(offered, func(c auth.Challenge) bool { return c.Scheme == scheme })
	}
	if i := has("bearer"); i >= 0 {
		t, err := a.token(ctx, base, offered[i], cred, p)
		if errors.Is(err, auth.ErrRealm) { // the next request tries again: one bad answer is not final
			a.mu.Lock()
			delete(a.challenges, purpose{path: p.path, push: p.push})
			a.mu.Unlock()
			a.unsure()
		}
		return grant{"Bearer " + t.Value, cred, &t}, err
	}
	if has("basic") >= 0 && cred.Username+cred.Password != "" {
		basic := base64.StdEncoding.EncodeToString([]byte(cred.Username + ":" + cred.Password))
		return grant{header: "Basic " + basic, cred: cred}, nil
	}
	return grant{}, nil
}

// token returns a token for a purpose, from the token endpoint unless it has
// one that stays valid for a while.
func (a *authenticator) token(ctx context.Context, base *url.URL, challenge auth.Challenge, cred credentials.Credential, p purpose) (auth.Token, error) {
	entry := a.tokens.entry(p)
	select {
	case entry.lock <- struct{}{}:
	case <-ctx.Done():
		return auth.Token{}, context.Cause(ctx)
	}
	defer func() { <-entry.lock }()
	if entry.token.Value != "" && a.opts.Clock.Now().Before(entry.token.Expires) {
		return entry.token, nil
	}
	if entry.refusal != nil && entry.denied == cred {
		return auth.Token{}, entry.refusal
	}
	request := auth.TokenRequest{
		Registry: base, Challenge: challenge, Scopes: p.scopes(), Credential: cred,
		UserAgent: a.opts.UserAgent, Now: a.opts.Clock.Now(), Trusted: a.opts.TokenEndpoints,
	}
	token, err := a.fetch(ctx, request)
	if refuses(err) && !cred.Anonymous() {
		if now, lookupErr := a.anew(ctx, p, cred); lookupErr == nil && now != cred {
			request.Credential = now
			token, err = a.fetch(ctx, request)
		}
	}
	if refuses(err) {
		entry.refusal, entry.denied = err, request.Credential
	}
	if err != nil {
		return auth.Token{}, err
	}
	entry.token = token
	return token, nil
}

// scopes returns the scopes of a token for a purpose.
func (p purpose) scopes() []string {
	actions := ":pull"
	if p.push {
		actions = ":pull,push"
	}
	scopes := []string{"repository:" + p.path + actions}
	if p.from != "" && p.from != p.path {
		scopes = append(scopes, "repository:"+p.from+":pull")
	}
	return scopes
}

// exchange exchanges a credential for a token.
func (a *authenticator) exchange(ctx context.Context, request auth.TokenRequest) (auth.Token, error) {
	work := throttle.WorkOf(ctx)
	work.Kind, work.Idle, work.Small = "token", pingTime, true
	ctx = work.Into(ctx)
	token, err := a.renewal.do(ctx, &request.Credential.IdentityToken, func() (auth.Token, error) {
		a.secrets.LearnCredential(request.Credential)
		return request.Fetch(ctx, a.wire.RoundTrip)
	})
	a.secrets.Learn(token.Value, token.Refresh)
	var status *auth.Status
	if errors.As(err, &status) {
		status.Registry, status.Message = a.name, a.secrets.Scrub(status.Message)
	}
	if err != nil && a.secrets.Scrub(err.Error()) != err.Error() {
		err = &scrubbedError{a.secrets.Scrub(err.Error()), err}
	}
	return token, err
}

// scrubbedError is an error whose text holds a secret, such as the target of a
// token endpoint's redirect.
type scrubbedError struct {
	text string
	err  error
}

func (e *scrubbedError) Error() string { return e.text }
func (e *scrubbedError) Unwrap() error { return e.err }
