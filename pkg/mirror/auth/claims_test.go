package auth

import (
	"encoding/base64"
	"testing"
)

// TestGrants reads the access claims of tokens; a token without them grants
// nothing known.
func TestGrants(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	for _, tt := range []struct {
		payload        string
		granted, known bool
	}{
		{`{"access": [{"type": "repository", "name": "a/b", "actions": ["pull", "push"]}]}`, true, true},
		{`{"access": [{"type": "repository", "name": "a/b", "actions": ["*"]}]}`, true, true},
		{`{"access": [{"type": "repository", "name": "a/b", "actions": ["pull"]}]}`, false, true},
		{`{"access": [{"type": "repository", "name": "a/b", "actions": null}]}`, false, true},
		{`{"access": [{"type": "repository", "name": "x/y", "actions": ["pull"]}, {"type": "repository", "name": "a/b", "actions": ["push"]}]}`, true, true},
		{`{"access": []}`, false, true},
		// The registry may know the repository by another name.
		{`{"access": [{"type": "repository", "name": "proxy/a/b", "actions": ["pull"]}]}`, false, false},
		{`{"access": null}`, false, false},
		{`{"access": "all"}`, false, false},
		{`{"sub": "robot", "scp": ["push"]}`, false, false},
		{`no JSON`, false, false},
	} {
		token := Token{Value: encode([]byte(`{"alg": "ES256"}`)) + "." + encode([]byte(tt.payload)) + ".c2ln"}
		if granted, known := token.Grants("a/b", "push"); granted != tt.granted || known != tt.known {
			t.Errorf("%s: granted %v, known %v", tt.payload, granted, known)
		}
	}
	for _, value := range []string{"", "opaque", "two.parts", "a.!.c", "a.b.c.d"} {
		if granted, known := (Token{Value: value}).Grants("a/b", "push"); granted || known {
			t.Errorf("%q: granted %v, known %v", value, granted, known)
		}
	}
}
