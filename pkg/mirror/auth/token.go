package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Token is what a token endpoint gave.
type Token struct {
	Value   string
	Expires time.Time
	// Refresh is the identity token to use from now on; "" for the same.
	Refresh string
}

// TokenRequest asks the token endpoint of a registry for access.
type TokenRequest struct {
	Registry   *url.URL // the registry that sent the challenge; for Realm's rules
	Challenge  Challenge
	Scopes     []string // such as "repository:ns/name:pull,push"
	Credential Credential
	UserAgent  string
	Now        time.Time
	// Trusted are hosts that may get the registry's credential although they
	// are neither it nor of its domain.
	Trusted []string
}

// ErrRealm is wrapped by errors that mean: the registry names a token endpoint
// that must not see our credential. Trying again does not help.
var ErrRealm = errors.New("refusing to authenticate")

// Status is the error for an answer of a token endpoint other than 200.
type Status struct {
	Host   string
	Code   int
	Header http.Header
}

// Refused says that the endpoint does not take the credential.
func (e *Status) Refused() bool {
	return e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden
}

func (e *Status) Error() string {
	if e.Refused() {
		return fmt.Sprintf("token endpoint %s refuses the credential (%d %s)", e.Host, e.Code, http.StatusText(e.Code))
	}
	return fmt.Sprintf("token endpoint %s answered %d %s", e.Host, e.Code, http.StatusText(e.Code))
}

const (
	maxTokenBody    = 1 << 20
	defaultLifetime = time.Minute // of a token that does not say; distribution's token specification
	renewBefore     = 10 * time.Second
)

// Fetch trades the credential for a token: an OAuth2 POST with an identity
// token, else a GET with the password as Basic, else an anonymous GET. send
// must not follow redirects.
func (r TokenRequest) Fetch(ctx context.Context, send func(*http.Request) (*http.Response, error)) (Token, error) {
	realm, err := r.realm()
	if err != nil {
		return Token{}, err
	}
	req, err := r.request(ctx, realm)
	if err != nil {
		return Token{}, err
	}
	req.Header.Set("User-Agent", r.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := send(req)
	if err != nil {
		return Token{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenBody))
	if err != nil {
		return Token{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return Token{}, &Status{Host: realm.Host, Code: resp.StatusCode, Header: resp.Header}
	}
	var answer struct {
		Token       string    `json:"token"`
		AccessToken string    `json:"access_token"`
		ExpiresIn   int       `json:"expires_in"`
		IssuedAt    time.Time `json:"issued_at"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Token{}, fmt.Errorf("token endpoint %s: the answer is no JSON with a token", realm.Host)
	}
	value := answer.Token
	if value == "" {
		value = answer.AccessToken
	}
	if value == "" || strings.ContainsAny(value, "\r\n") {
		return Token{}, fmt.Errorf("token endpoint %s gave no token", realm.Host)
	}
	life := max(time.Duration(min(answer.ExpiresIn, 1<<20))*time.Second, defaultLifetime)
	return Token{Value: value, Expires: r.Now.Add(life - renewBefore)}, nil
}

func (r TokenRequest) request(ctx context.Context, realm *url.URL) (*http.Request, error) {
	service := r.Challenge.Params["service"]
	if r.Credential.IdentityToken != "" {
		form := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {r.Credential.IdentityToken},
			"service": {service}, "client_id": {"mirror-tools"}, "scope": {strings.Join(r.Scopes, " ")},
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, realm.String(), strings.NewReader(form.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	}
	u := *realm
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

// realm checks where the challenge sends us. The endpoint must be an absolute
// http or https URL without user information; https when the registry is
// reached by https. A credential goes only to the registry's own host, to one
// of its domain (the last two labels equal, three under a country's second
// level), or to a trusted one; over plain http only to the registry's own host
// when that is plain itself.
func (r TokenRequest) realm() (*url.URL, error) {
	u, err := url.Parse(r.Challenge.Params["realm"])
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%w: %s names no usable token endpoint", ErrRealm, r.Registry.Host)
	}
	sameHost := strings.EqualFold(u.Hostname(), r.Registry.Hostname())
	if u.Scheme == "http" && (r.Registry.Scheme != "http" || !sameHost) {
		return nil, fmt.Errorf("%w: %s sends us to a token endpoint over plain http on %s", ErrRealm, r.Registry.Host, u.Host)
	}
	if r.Credential.Anonymous() || sameHost || sameDomain(u.Hostname(), r.Registry.Hostname()) {
		return u, nil
	}
	for _, host := range append(wellKnown(r.Registry.Hostname()), r.Trusted...) {
		if strings.EqualFold(host, u.Host) {
			return u, nil
		}
	}
	return nil, fmt.Errorf("%w: %s asks us to send its credential to another host, %s; allow it with --token-endpoint %s", ErrRealm, r.Registry.Host, u.Host, u.Host)
}

// wellKnown are the token endpoints that lie outside their registry's domain.
func wellKnown(registry string) []string {
	if registry == "nvcr.io" {
		return []string{"authn.nvidia.com"}
	}
	return nil
}

func sameDomain(a, b string) bool {
	if net.ParseIP(a) != nil || net.ParseIP(b) != nil {
		return false
	}
	return domain(a) != "" && domain(a) == domain(b)
}

// domain is the part of a host name that one owner holds, as well as it can be
// told without a list of public suffixes.
func domain(host string) string {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	n := 2
	if len(labels) >= 3 && len(labels[len(labels)-1]) == 2 && len(labels[len(labels)-2]) <= 3 {
		n = 3 // co.uk, com.au
	}
	if len(labels) < n {
		return ""
	}
	return strings.Join(labels[len(labels)-n:], ".")
}
