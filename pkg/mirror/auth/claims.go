package auth

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// Grants reports whether the token grants an action, such as "push", on a
// repository. known is false unless the token is a JSON Web Token with the
// access claim of the distribution project
// (https://distribution.github.io/distribution/spec/auth/jwt/). The signature
// is not checked, so use the answer only for messages.
func (t Token) Grants(repository, action string) (granted, known bool) {
	parts := strings.Split(t.Value, ".")
	if len(parts) != 3 {
		return false, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return false, false
	}
	type access struct {
		Type    string   `json:"type"`
		Name    string   `json:"name"`
		Actions []string `json:"actions"`
	}
	var claims struct {
		Access *[]access `json:"access"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Access == nil {
		return false, false
	}
	known = len(*claims.Access) == 0 // a token that grants nothing
	for _, a := range *claims.Access {
		if a.Type != "repository" || a.Name != repository {
			continue
		}
		known = true
		granted = granted || slices.Contains(a.Actions, action) || slices.Contains(a.Actions, "*")
	}
	return granted, known
}
