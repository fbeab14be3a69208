package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

// A credential goes to the registry's own token endpoint, and to no other host.
func ExampleTokenRequest_Fetch() {
	send := func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"token": "abc"}`))}, nil
	}
	for _, realm := range []string{"https://auth.example.com/token", "https://other.example.net/token"} {
		header := http.Header{"Www-Authenticate": {fmt.Sprintf("Bearer realm=%q", realm)}}
		r := auth.TokenRequest{
			Registry:   &url.URL{Scheme: "https", Host: "registry.example.com"},
			Challenge:  auth.Challenges(header)[0],
			Scopes:     []string{"repository:team/app:pull"},
			Credential: credentials.Credential{Username: "robot", Password: "secret"},
		}
		token, err := r.Fetch(context.Background(), send)
		fmt.Println(token.Value, errors.Is(err, auth.ErrRealm))
	}
	// Output:
	// abc false
	//  true
}
