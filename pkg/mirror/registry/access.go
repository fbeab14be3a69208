package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// TryPush checks whether a repository can be written: it opens an upload and
// cancels it. Nothing is left in the repository.
func (a *Access) TryPush(ctx context.Context, repo Repository) error {
	repo.Push = true
	h := a.all.host(repo.Host)
	s, err := h.openUpload(ctx, repo, false)
	if err != nil {
		return err
	}
	// A registry that does not support cancelling drops an upload after a
	// while.
	resp, err := h.once(ctx, request{
		kind: "upload", method: http.MethodDelete, repo: repo, url: s.at,
		expect: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted},
	})
	if err == nil {
		resp.Body.Close()
	}
	return nil
}

// PushError means that a registry does not grant push to a repository.
type PushError struct {
	Repository Repository
	// Anonymous means that no credential is configured for the repository.
	Anonymous bool
	Err       error // the token endpoint's refusal; nil for a token without push
}

func (e *PushError) Error() string {
	if e.Anonymous {
		return fmt.Sprintf("%s grants no push to %s anonymously: no credential configured", e.Repository.Host, e.Repository.Path)
	}
	text := fmt.Sprintf("%s grants no push to %s with this credential", e.Repository.Host, e.Repository.Path)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *PushError) Unwrap() error { return e.Err }

func (e *PushError) reason() string {
	if e.Anonymous {
		return "no permission to push (asked anonymously)"
	}
	return "no permission to push"
}

// MayPush returns why a repository cannot be pushed to, as far as the
// registry's token shows it: a [*PushError], or a [*CredentialError]. It costs
// at most one request for a token. A nil error means that push is granted or
// that only a write can show it.
func (a *Access) MayPush(ctx context.Context, repo Repository) error {
	h := a.all.host(repo.Host)
	p := purpose{path: repo.Path, push: true}
	if h.origin.base.Load() != nil && len(h.authenticator.offered(p)) == 0 {
		return nil // the registry asks for no credential
	}
	token, ok := h.authenticator.tokens.held(p)
	if !ok {
		g, err := h.authorize(ctx, repo, p)
		if refuses(err) && !errors.As(err, new(*CredentialError)) {
			return &PushError{repo, h.authenticator.anonymous(ctx, repo.Path), err}
		}
		if err != nil || g.token == nil {
			return err
		}
		token = *g.token
	}
	if granted, known := token.Grants(repo.Path, "push"); known && !granted {
		return &PushError{repo, h.authenticator.anonymous(ctx, repo.Path), nil}
	}
	return nil
}

// authorize gets the authorization for a purpose without sending a request to
// the registry.
func (h *host) authorize(ctx context.Context, repo Repository, p purpose) (g grant, err error) {
	ask := h.paced(h.origin.layer(throttle.Func(func(r *http.Request) (*http.Response, error) {
		if g, err = h.authenticator.authorize(r.Context(), baseOf(r.Context()), p); err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
	})))
	err = h.loop.Do(ctx, func() error {
		req, err := h.build(ctx, request{kind: "token", method: http.MethodGet, repo: repo})
		if err != nil {
			return err
		}
		resp, err := ask.RoundTrip(req)
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
	return g, err
}
