package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// CredentialError means that a registry refuses a credential for every
// repository: the password is wrong or the account is disabled.
type CredentialError struct {
	Registry string
	Err      error // the refusal: an [*Error], or an [*auth.Status] of the token endpoint
}

func (e *CredentialError) Error() string {
	return fmt.Sprintf("%s refuses the credential: %v", e.Registry, e.Err)
}

func (e *CredentialError) Unwrap() error { return e.Err }

// verdict is what an answer shows about the credential of its request.
type verdict int

const (
	unclear verdict = iota
	accepted
	refused
)

// logins remembers which credentials a registry accepts at all. The first
// request with a credential is sent alone: a wrong password is sent a few times
// and not for each repository, because registries lock accounts.
type logins struct {
	registry string

	mu sync.Mutex
	by map[credentials.Credential]*login
}

// login is the state of one credential.
type login struct {
	asking chan struct{} // holds one element while the credential is being checked

	mu      sync.Mutex
	ended   bool // the first request has ended
	settled bool // the credential was accepted, refused, or cannot be checked
	refusal error
}

func (l *logins) of(cred credentials.Credential) *login {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by[cred] == nil {
		l.by[cred] = &login{asking: make(chan struct{}, 1)}
	}
	return l.by[cred]
}

// use calls try, which sends a request with a credential, unless the registry has
// refused that credential. A refusal may concern one repository only, so confirm
// asks once about the credential alone, and returns the refusal. With wait, use
// waits until the first request with the credential has ended.
func (l *logins) use(ctx context.Context, cred credentials.Credential, wait bool, try func() (verdict, error), confirm func() error) error {
	if cred.Anonymous() {
		_, err := try()
		return err
	}
	one := l.of(cred)
	held := false
	if ended, _ := one.state(); wait && !ended {
		if err := one.ask(ctx); err != nil {
			return err
		}
		if ended, _ = one.state(); ended {
			<-one.asking
		} else {
			held = true
			defer func() { <-one.asking }()
		}
	}
	if _, refusal := one.state(); refusal != nil {
		return refusal
	}
	v, err := try()
	if v != refused {
		one.settle(v == accepted, nil)
		return err
	}
	if !held {
		if one.ask(ctx) != nil {
			return err
		}
		defer func() { <-one.asking }()
	}
	if _, refusal := one.state(); refusal != nil || one.known() {
		return cmp.Or(refusal, err)
	}
	var refusal error
	if cause := confirm(); cause != nil {
		refusal = &CredentialError{l.registry, cause}
	}
	one.settle(true, refusal)
	return cmp.Or(refusal, err)
}

func (o *login) ask(ctx context.Context) error {
	select {
	case o.asking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// state reports whether the first request has ended, and why the credential is
// refused.
func (o *login) state() (ended bool, refusal error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ended, o.refusal
}

func (o *login) known() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.settled
}

func (o *login) settle(settled bool, refusal error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended, o.settled = true, o.settled || settled
	if refusal != nil {
		o.refusal = refusal
	}
}

// basic returns the user and password of a request, or the zero Credential for
// another scheme.
func (g grant) basic() credentials.Credential {
	if g.header == "" || g.token != nil || g.cred.RegistryToken != "" {
		return credentials.Credential{}
	}
	return g.cred
}

// send sends a request that may have a user and password, and records whether
// the registry accepts them. It may return both a response of 401 and a
// [*CredentialError].
func (a *authenticator) send(r *http.Request, g grant, next http.RoundTripper) (resp *http.Response, err error) {
	ctx := r.Context()
	bodiless := r.Body == nil || r.Body == http.NoBody
	err = a.logins.use(ctx, g.basic(), bodiless, func() (verdict, error) {
		var failed error
		resp, failed = next.RoundTrip(r)
		switch {
		case failed != nil || !sameOrigin(baseOf(ctx), resp.Request.URL):
			return unclear, failed
		case resp.StatusCode == http.StatusUnauthorized && g.misplaced(auth.Challenges(resp.Header)):
			return unclear, nil
		case resp.StatusCode == http.StatusUnauthorized:
			return refused, nil
		}
		return accepted, nil
	}, func() error {
		if !a.refusesLogin(ctx, g.header) {
			return nil
		}
		return a.answer(resp)
	})
	return resp, err
}

// refusesLogin reports whether the registry refuses a user and password, by the
// request of docker login.
func (a *authenticator) refusesLogin(ctx context.Context, header string) bool {
	r, err := http.NewRequestWithContext(throttle.Work{Kind: "login", Idle: pingTime}.Into(ctx), http.MethodGet, baseOf(ctx).JoinPath("v2/").String(), nil)
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", header)
	resp, err := a.wire.RoundTrip(r)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusUnauthorized
}

// fetch requests a token from the token endpoint, and records whether it
// accepts the credential.
func (a *authenticator) fetch(ctx context.Context, request auth.TokenRequest) (token auth.Token, err error) {
	err = a.logins.use(ctx, request.Credential, true, func() (verdict, error) {
		var err error
		token, err = a.exchange(ctx, request)
		switch {
		case err == nil:
			return accepted, nil
		case refuses(err):
			return refused, err
		}
		return unclear, err
	}, func() error {
		request.Scopes = nil // as docker login does
		if _, err := a.exchange(ctx, request); refuses(err) {
			return err
		}
		return nil
	})
	return token, err
}

// refuses reports whether a token endpoint refused a credential.
func refuses(err error) bool {
	var status *auth.Status
	return errors.As(err, &status) && status.Refused()
}
