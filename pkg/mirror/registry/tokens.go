package registry

import (
	"context"
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

// tokens are the tokens of one registry, by what they are for.
type tokens struct {
	mu sync.Mutex
	of map[purpose]*tokenEntry
}

type tokenEntry struct {
	lock  chan struct{} // holds one element while somebody requests the token
	token auth.Token
	// refusal is the error of a token endpoint that refused the credential
	// denied.
	refusal error
	denied  credentials.Credential
}

// entry returns the place of a token, which may not have one yet.
func (t *tokens) entry(p purpose) *tokenEntry {
	t.mu.Lock()
	defer t.mu.Unlock()
	entry, ok := t.of[p]
	if !ok {
		entry = &tokenEntry{lock: make(chan struct{}, 1)}
		t.of[p] = entry
	}
	return entry
}

// held returns the current token for a purpose.
func (t *tokens) held(p purpose) (auth.Token, bool) {
	t.mu.Lock()
	entry := t.of[p]
	t.mu.Unlock()
	if entry == nil {
		return auth.Token{}, false
	}
	select {
	case entry.lock <- struct{}{}:
	default: // somebody is requesting it
		return auth.Token{}, false
	}
	defer func() { <-entry.lock }()
	return entry.token, entry.token.Value != ""
}

// forget discards a token that the registry refused.
func (t *tokens) forget(p purpose, token auth.Token) {
	t.mu.Lock()
	entry := t.of[p]
	t.mu.Unlock()
	if entry == nil {
		return
	}
	entry.lock <- struct{}{}
	defer func() { <-entry.lock }()
	if entry.token.Value == token.Value {
		entry.token = auth.Token{}
	}
}

// renewal keeps the identity tokens that a token endpoint returned in place of
// those that it was sent (RFC 6749, section 6). Such an endpoint accepts each
// of them once, so it gets one request at a time until an answer has shown that
// it keeps the token.
type renewal struct {
	lock chan struct{} // holds one element during a request
	mu   sync.Mutex
	next map[string]string // by the token in the keychain
	same map[string]bool   // those that the endpoint keeps
}

func (r *renewal) do(ctx context.Context, identity *string, fetch func() (auth.Token, error)) (auth.Token, error) {
	held := *identity
	r.mu.Lock()
	alone := held != "" && !r.same[held]
	r.mu.Unlock()
	if alone {
		select {
		case r.lock <- struct{}{}:
		case <-ctx.Done():
			return auth.Token{}, context.Cause(ctx)
		}
		defer func() { <-r.lock }()
		r.mu.Lock()
		if next := r.next[held]; next != "" {
			*identity = next
		}
		r.mu.Unlock()
	}
	token, err := fetch()
	if alone && err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if token.Refresh != "" && token.Refresh != *identity {
			r.next[held] = token.Refresh
		} else if r.next[held] == "" {
			r.same[held] = true
		}
	}
	return token, err
}
