package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

func TestChallenges(t *testing.T) {
	h := http.Header{"Www-Authenticate": {`Bearer realm="https://a.io/token",service="a.io",scope="x,y", Basic realm="b"`}}
	got := auth.Challenges(h)
	if len(got) != 2 || got[0].Scheme != "bearer" || got[0].Params["realm"] != "https://a.io/token" || got[0].Params["scope"] != "x,y" || got[1].Scheme != "basic" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "=", `Bearer realm="open`, strings.Repeat("a", 100_000), "Bearer , , ,", `Bearer realm="x\`} {
		auth.Challenges(http.Header{"Www-Authenticate": {bad}}) // must not panic
	}
}

// TestRealm checks which hosts get a credential.
func TestRealm(t *testing.T) {
	cred := credentials.Credential{Username: "u", Password: "s3cret"}
	for _, tt := range []struct {
		registry, realm string
		cred            credentials.Credential
		trusted         string
		sent            bool
	}{
		{"https://quay.io", "https://quay.io/v2/auth", cred, "", true},
		{"https://registry-1.docker.io", "https://auth.docker.io/token", cred, "", true},
		{"https://quay.io", "https://evil.example/token", cred, "", false},
		{"https://quay.io", "https://evil.example/token", credentials.Credential{}, "", true},
		{"https://quay.io", "https://login.example/token", cred, "login.example", true},
		{"https://quay.io", "https://login.example:443/token", cred, "login.example", true},
		{"https://quay.io", "https://login.example/token", cred, "LOGIN.example:443", true},
		{"https://quay.io", "https://login.example:8443/token", cred, "login.example:8443", true},
		{"https://quay.io", "https://login.example:8443/token", cred, "login.example", false},
		{"https://quay.io", "https://login.example:80/token", cred, "login.example", false},
		{"https://quay.io", "http://login.example:80/token", cred, "login.example", false},
		{"http://127.0.0.1:5000", "http://login.example:443/token", cred, "login.example:443", false},
		{"https://quay.io", "http://quay.io/token", cred, "", false},
		{"http://127.0.0.1:5000", "http://127.0.0.1:5001/token", cred, "", true},
		{"http://127.0.0.1:5000", "http://127.0.0.2:5001/token", cred, "", false},
		{"https://quay.io", "https://u:p@quay.io/token", cred, "", false},
		{"https://quay.io", "file:///etc/passwd", cred, "", false},
		{"https://quay.io", "", cred, "", false},
		{"https://a.co.uk", "https://b.co.uk/token", cred, "", false},
	} {
		base, err := url.Parse(tt.registry)
		if err != nil {
			t.Fatal(err)
		}
		r := auth.TokenRequest{Registry: base, Challenge: auth.Challenge{Params: map[string]string{"realm": tt.realm}}, Credential: tt.cred, Now: time.Unix(0, 0)}
		if tt.trusted != "" {
			r.Trusted = []string{tt.trusted}
		}
		sent := false
		_, err = r.Fetch(context.Background(), func(*http.Request) (*http.Response, error) {
			sent = true
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"token": "t"}`))}, nil
		})
		if sent != tt.sent {
			t.Errorf("%s sends us to %q: sent %v, %v", tt.registry, tt.realm, sent, err)
		}
		if !tt.sent && (!errors.Is(err, auth.ErrRealm) || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%s: %v", tt.realm, err)
		}
	}
}
