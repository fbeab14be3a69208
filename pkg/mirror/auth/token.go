package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/mirror-tools/mirror-tools/internal/body"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// Token is the answer of a token endpoint.
type Token struct {
	Value   string
	Expires time.Time
	// Refresh is the identity token to use from now on, or "" if it is the
	// same.
	Refresh string
}

// TokenRequest is a request for access at the token endpoint of a registry.
type TokenRequest struct {
	Registry   *url.URL // the registry that sent the challenge; for Realm's rules
	Challenge  Challenge
	Scopes     []string // such as "repository:ns/name:pull,push"; none to check the credential alone
	Credential credentials.Credential
	UserAgent  string
	Now        time.Time
	// Trusted are other hosts, with a port unless it is 443, that may get the
	// registry's credential.
	Trusted []string
}

// ErrRealm is wrapped by errors about a token endpoint that must not get our
// credential. A retry does not help.
var ErrRealm = errors.New("refusing to authenticate")

// RealmError means that a registry wants its credential sent to a host that may
// not get it. It wraps [ErrRealm].
type RealmError struct {
	Registry string
	Host     string // of the token endpoint; in TokenRequest.Trusted it would get the credential
}

func (e *RealmError) Error() string {
	return fmt.Sprintf("%v: %s wants its credential sent to another host, %s", ErrRealm, e.Registry, e.Host)
}

func (e *RealmError) Unwrap() error { return ErrRealm }

// Status is the error for an answer of a token endpoint other than 2xx.
type Status struct {
	Registry string // that names the endpoint, if it is known
	Host     string // of the endpoint
	Code     int
	Header   http.Header
	Message  string // what the endpoint told; it may have secrets
}

// Refused reports whether the endpoint refuses the credential.
func (e *Status) Refused() bool {
	return e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden
}

// Failure implements [retry.Failed].
func (e *Status) Failure(now time.Time) retry.Failure {
	return retry.Failure{Kind: retry.Answered, Status: e.Code, After: retry.After(e.Header, now)}
}

func (e *Status) Error() string {
	told := fmt.Sprintf("token endpoint %s returned %d %s", e.Host, e.Code, http.StatusText(e.Code))
	if e.Message != "" {
		told += ": " + text.Short(e.Message, 200)
	}
	return told
}

const (
	maxTokenBody    = 1 << 20
	maxErrorBody    = 16 << 10
	defaultLifetime = time.Minute      // the least, and that of a token without one; distribution's token specification
	leastLifetime   = 20 * time.Second // of one that was issued a while ago
	renewBefore     = 10 * time.Second
)

// Fetch exchanges the credential for a token: by an OAuth2 POST with an
// identity token, else a GET with the password as Basic, else an anonymous GET.
// If an endpoint does not support POST and there is a password, a GET follows.
// send must not follow redirects, because Fetch follows those that may get the
// credential.
func (r TokenRequest) Fetch(ctx context.Context, send func(*http.Request) (*http.Response, error)) (Token, error) {
	realm, err := r.realm()
	if err != nil {
		return Token{}, err
	}
	token, err := r.exchange(ctx, realm, send)
	if err != nil && r.Credential.IdentityToken != "" && r.Credential.Password != "" && noPost(err) {
		r.Credential.IdentityToken = ""
		return r.exchange(ctx, realm, send)
	}
	return token, err
}

// noPost reports whether an error may mean that an endpoint does not support
// POST.
func noPost(err error) bool {
	var status *Status
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
			return true
		}
	}
	return errors.Is(err, errNoToken)
}

var errNoToken = errors.New("returned no token")

const maxRedirects = 10

func (r TokenRequest) exchange(ctx context.Context, at *url.URL, send func(*http.Request) (*http.Response, error)) (Token, error) {
	for range maxRedirects {
		req, err := r.request(ctx, at)
		if err != nil {
			return Token{}, err
		}
		req.Header.Set("User-Agent", r.UserAgent)
		req.Header.Set("Accept-Encoding", "identity")
		resp, err := send(req)
		if err != nil {
			return Token{}, err
		}
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			resp.Body.Close()
			if at, err = r.moved(at, resp.Header.Get("Location")); err != nil {
				return Token{}, err
			}
			continue
		}
		defer resp.Body.Close()
		data, err := body.Read(resp, maxTokenBody)
		if err != nil && !errors.Is(err, body.ErrTooLong) {
			return Token{}, err
		}
		if resp.StatusCode/100 != 2 {
			codes, message := body.Refusal(data[:min(len(data), maxErrorBody)])
			message = cmp.Or(message, strings.Join(codes, ", "))
			return Token{}, &Status{Host: at.Host, Code: resp.StatusCode, Header: resp.Header, Message: message}
		}
		token, err := r.read(data, resp.Header)
		if err != nil {
			return Token{}, fmt.Errorf("token endpoint %s %w", at.Host, err)
		}
		return token, nil
	}
	return Token{}, fmt.Errorf("%w: too many redirects from the token endpoint %s", ErrRealm, at.Host)
}

// moved returns where a token endpoint redirects.
func (r TokenRequest) moved(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if location == "" || err != nil {
		return nil, fmt.Errorf("%w: the token endpoint %s redirects to an invalid URL", ErrRealm, from.Host)
	}
	to.Fragment = ""
	if from.Scheme == "https" && to.Scheme != "https" {
		return nil, fmt.Errorf("%w: the token endpoint %s redirects from https to plain http on %s", ErrRealm, from.Host, to.Host)
	}
	query := to.Query() // the request adds its own
	for _, key := range []string{"service", "scope", "account"} {
		query.Del(key)
	}
	to.RawQuery = query.Encode()
	return to, r.allowed(to)
}

// read reads the token in an answer. Times may have any form; an invalid one
// has its default.
func (r TokenRequest) read(data []byte, h http.Header) (Token, error) {
	var answer struct {
		Token        string          `json:"token"`
		AccessToken  string          `json:"access_token"`
		RefreshToken string          `json:"refresh_token"`
		ExpiresIn    json.RawMessage `json:"expires_in"`
		IssuedAt     json.RawMessage `json:"issued_at"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return Token{}, fmt.Errorf("%w: the response is not JSON with a token", errNoToken)
	}
	value := answer.Token
	if value == "" {
		value = answer.AccessToken
	}
	if value == "" || strings.ContainsAny(value, "\r\n") || strings.ContainsAny(answer.RefreshToken, "\r\n") {
		return Token{}, errNoToken
	}
	left := max(lifetime(answer.ExpiresIn)-age(answer.IssuedAt, h, r.Now), leastLifetime)
	return Token{Value: value, Expires: r.Now.Add(left - renewBefore), Refresh: answer.RefreshToken}, nil
}

func (r TokenRequest) request(ctx context.Context, at *url.URL) (*http.Request, error) {
	service := r.Challenge.Params["service"]
	if r.Credential.IdentityToken != "" {
		form := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {r.Credential.IdentityToken},
			"service": {service}, "client_id": {"mirror-tools"},
		}
		if len(r.Scopes) > 0 {
			form.Set("scope", strings.Join(r.Scopes, " "))
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), strings.NewReader(form.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	}
	u := *at
	query := u.Query()
	if service != "" {
		query.Set("service", service)
	}
	for _, s := range r.Scopes {
		query.Add("scope", s)
	}
	if r.Credential.Username != "" {
		query.Set("account", r.Credential.Username)
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err == nil && (r.Credential.Username != "" || r.Credential.Password != "") {
		req.SetBasicAuth(r.Credential.Username, r.Credential.Password)
	}
	return req, err
}

// realm returns the token endpoint of the challenge, if requests to it are
// allowed.
func (r TokenRequest) realm() (*url.URL, error) {
	u, err := url.Parse(r.Challenge.Params["realm"])
	if err != nil {
		return nil, fmt.Errorf("%w: %s names an invalid token endpoint", ErrRealm, r.Registry.Host)
	}
	return u, r.allowed(u)
}

// allowed checks a token endpoint. It must have an absolute http or https URL
// without user information; https if the registry uses https. A credential goes
// only to the registry's own host, to one of its domain, or to a trusted one;
// over plain http only to the registry's own host if that uses plain http.
func (r TokenRequest) allowed(u *url.URL) error {
	if u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%w: %s names an invalid token endpoint", ErrRealm, r.Registry.Host)
	}
	sameHost := strings.EqualFold(u.Hostname(), r.Registry.Hostname())
	if u.Scheme == "http" && (r.Registry.Scheme != "http" || !sameHost) {
		return fmt.Errorf("%w: %s names a token endpoint over plain http on %s", ErrRealm, r.Registry.Host, u.Host)
	}
	if r.Credential.Anonymous() || sameHost || sameDomain(u.Hostname(), r.Registry.Hostname()) {
		return nil
	}
	// Here the endpoint uses https.
	name := func(host string) string { return strings.TrimSuffix(strings.ToLower(host), ":443") }
	for _, host := range append(wellKnown(r.Registry.Hostname()), r.Trusted...) {
		if name(host) == name(u.Host) {
			return nil
		}
	}
	return &RealmError{Registry: r.Registry.Host, Host: u.Host}
}

// wellKnown returns the token endpoints outside the domain of their registry.
func wellKnown(registry string) []string {
	if registry == "nvcr.io" {
		return []string{"authn.nvidia.com"}
	}
	return nil
}

// sameDomain reports whether two hosts belong to one owner by the public suffix
// list. Hosts below a suffix that is not on it (such as .internal) have no
// common owner: anybody may be there.
func sameDomain(a, b string) bool {
	return domain(a) != "" && domain(a) == domain(b)
}

func domain(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if net.ParseIP(host) != nil {
		return ""
	}
	if suffix, managed := publicsuffix.PublicSuffix(host); !managed && !strings.Contains(suffix, ".") {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return domain
}
