package auth

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

func answer(status int, h http.Header, text string) *http.Response {
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text))}
}

// TestTokenTimes reads the lifetime of a token in every form.
func TestTokenTimes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for body, want := range map[string]time.Duration{
		`{"token": "t"}`:                                                         time.Minute,
		`{"token": "t", "expires_in": 300}`:                                      5 * time.Minute,
		`{"token": "t", "expires_in": "300"}`:                                    5 * time.Minute,
		`{"token": "t", "expires_in": 300.9}`:                                    300*time.Second + 900*time.Millisecond,
		`{"token": "t", "expires_in": "299.5"}`:                                  299*time.Second + 500*time.Millisecond,
		`{"token": "t", "expires_in": 3e2}`:                                      5 * time.Minute,
		`{"token": "t", "expires_in": "soon"}`:                                   time.Minute,
		`{"token": "t", "expires_in": null}`:                                     time.Minute,
		`{"token": "t", "expires_in": -5}`:                                       time.Minute,
		`{"token": "t", "expires_in": 1e300}`:                                    1 << 20 * time.Second,
		`{"access_token": "t", "expires_in": [1]}`:                               time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": "AT"}`:                   4 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": "UNIX"}`:                 4 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": UNIX}`:                   4 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": UNIX000}`:                4 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": "LOCAL"}`:                4 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": "RFC1123"}`:              4 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": ""}`:                     5 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": "2099-01-01T00:00:00Z"}`: 5 * time.Minute,
		`{"token": "t", "expires_in": 300, "issued_at": "1999-01-01T00:00:00Z"}`: leastLifetime,
	} {
		there := now.Add(time.Hour) // the endpoint's clock is wrong
		issued := there.Add(-time.Minute)
		data := strings.NewReplacer("AT", issued.Format(time.RFC3339Nano), "UNIX", fmt.Sprint(issued.Unix()), "LOCAL", issued.Format("2006-01-02T15:04:05"), "RFC1123", issued.Format(http.TimeFormat)).Replace(body)
		r := TokenRequest{Registry: &url.URL{Scheme: "https", Host: "q.io"}, Challenge: Challenge{Params: map[string]string{"realm": "https://q.io/token"}}, Now: now}
		token, err := r.Fetch(t.Context(), func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, http.Header{"Date": {there.Format(http.TimeFormat)}}, data), nil
		})
		if err != nil || token.Value != "t" || !token.Expires.Equal(now.Add(want-renewBefore)) {
			t.Errorf("%s: %v, %v; want %v", data, token.Expires.Sub(now)+renewBefore, err, want)
		}
	}
}

// TestTokenRedirects follows redirects of a token endpoint only to hosts that
// may get the credential.
func TestTokenRedirects(t *testing.T) {
	for _, tt := range []struct {
		location string
		identity bool
		ok       bool
	}{
		{"/token/?x=1", false, true},
		{"/token/", true, true},
		{"https://auth.q.io/other?scope=old", false, true},
		{"https://evil.invalid/token", false, false},
		{"https://evil.invalid/token", true, false},
		{"http://q.io/token", false, false},
		{"https://u:p@q.io/token", false, false},
		{"", false, false},
		{"/token", false, false}, // to itself, endlessly
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			cred := credentials.Credential{Username: "u", Password: "s3cret"}
			if tt.identity {
				cred = credentials.Credential{IdentityToken: "s3cret"}
			}
			r := TokenRequest{
				Registry: &url.URL{Scheme: "https", Host: "q.io"}, Challenge: Challenge{Params: map[string]string{"realm": "https://q.io/token", "service": "q"}},
				Credential: cred, Scopes: []string{"repository:a/b:pull"},
			}
			n := 0
			_, err := r.Fetch(t.Context(), func(req *http.Request) (*http.Response, error) {
				if n++; req.URL.Path == "/token" {
					return answer(status, http.Header{"Location": {tt.location}}, ""), nil
				}
				if !tt.identity && fmt.Sprint(req.URL.Query()["scope"]) != "[repository:a/b:pull]" {
					t.Errorf("%s is asked for %s", req.URL, req.URL.Query()["scope"])
				}
				if tt.identity && req.Method != http.MethodPost {
					t.Errorf("%s %s", req.Method, req.URL)
				}
				return answer(http.StatusCreated, nil, `{"token": "t"}`), nil
			})
			if (err == nil) != tt.ok || n > maxRedirects {
				t.Errorf("%d to %q: %d requests, %v", status, tt.location, n, err)
			}
		}
	}
}

// TestTokenZipped reads a compressed answer that was not requested.
func TestTokenZipped(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, `{"token": "t"}`)
	z.Close()
	for _, encoding := range []string{"gzip", "x-gzip"} {
		r := TokenRequest{Registry: &url.URL{Scheme: "https", Host: "q.io"}, Challenge: Challenge{Params: map[string]string{"realm": "https://q.io/token"}}}
		token, err := r.Fetch(t.Context(), func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, http.Header{"Content-Encoding": {encoding}}, b.String()), nil
		})
		if err != nil || token.Value != "t" {
			t.Errorf("%s: %v", encoding, err)
		}
	}
}

// TestIdentityWithoutPost sends a GET to an endpoint without POST if there is
// also a password.
func TestIdentityWithoutPost(t *testing.T) {
	for _, tt := range []struct {
		status   int
		password string
		ok       bool
	}{{404, "p", true}, {405, "p", true}, {403, "p", true}, {200, "p", true}, {405, "", false}, {500, "p", false}} {
		r := TokenRequest{
			Registry: &url.URL{Scheme: "https", Host: "q.io"}, Challenge: Challenge{Params: map[string]string{"realm": "https://q.io/token"}},
			Credential: credentials.Credential{Username: "u", Password: tt.password, IdentityToken: "i"},
		}
		_, err := r.Fetch(t.Context(), func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPost {
				return answer(tt.status, nil, "<html>"), nil
			}
			return answer(http.StatusOK, nil, `{"token": "t"}`), nil
		})
		if (err == nil) != tt.ok {
			t.Errorf("%d with the password %q: %v", tt.status, tt.password, err)
		}
	}
}

// TestSameDomain decides by the public suffix list.
func TestSameDomain(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"registry-1.docker.io", "auth.docker.io", true},
		{"REGISTRY.gitlab.com", "gitlab.com.", true},
		{"a.co.uk", "b.co.uk", false},
		{"x.a.co.uk", "y.a.co.uk", true},
		{"one.github.io", "two.github.io", false},
		{"one.s3.amazonaws.com", "two.s3.amazonaws.com", false},
		{"1.us-east-1.elb.amazonaws.com", "2.us-east-1.elb.amazonaws.com", false},
		{"a.corp.internal", "b.corp.internal", false},
		{"a.svc.cluster.local", "b.svc.cluster.local", false},
		{"com", "com", false},
		{"localhost", "localhost", false},
		{"10.0.0.1", "10.0.0.2", false},
		{"", "", false},
	} {
		if got := sameDomain(tt.a, tt.b); got != tt.same {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
}

// TestTokenRefused checks that the error has the endpoint's reason, safe to
// print.
func TestTokenRefused(t *testing.T) {
	r := TokenRequest{Registry: &url.URL{Scheme: "https", Host: "q.io"}, Challenge: Challenge{Params: map[string]string{"realm": "https://q.io/token"}}}
	for body, want := range map[string]string{
		`{"errors": [{"code": "DENIED", "message": "robot \u001b[31mteam+bot was disabled"}]}`: "returned 403 Forbidden: robot  [31mteam+bot was disabled",
		`{"errors": [{"code": "DENIED"}]}`: "returned 403 Forbidden: DENIED",
		``:                                 "returned 403 Forbidden",
	} {
		_, err := r.Fetch(t.Context(), func(*http.Request) (*http.Response, error) {
			return answer(http.StatusForbidden, nil, body), nil
		})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}
