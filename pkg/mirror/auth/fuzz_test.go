package auth

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzChallenges reads any text as a WWW-Authenticate header: it does not
// panic, and a formatted challenge is read back unchanged.
func FuzzChallenges(f *testing.F) {
	for _, seed := range []string{
		`Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull"`, `Basic realm="x"`, `Basic realm=x, Bearer realm="a\"b", error=invalid_token`,
		`Negotiate`, `Basic, Bearer realm = "x"`, `="x"`, `Bearer realm="`, `Bearer realm="\`, `,,a=b`, "Bearer\trealm=\"x\"\t,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		read := Challenges(http.Header{"Www-Authenticate": {header}})
		for _, c := range read {
			if c.Scheme == "" || c.Scheme != strings.ToLower(c.Scheme) || c.Params == nil {
				t.Errorf("a challenge %+v", c)
			}
			var params []string
			for key, value := range c.Params {
				params = append(params, key+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)+`"`)
			}
			again := parseChallenges(c.Scheme + " " + strings.Join(params, ", "))
			if len(again) != 1 || again[0].Scheme != c.Scheme || len(again[0].Params) != len(c.Params) {
				t.Fatalf("%+v is read again as %+v", c, again)
			}
			for key, value := range c.Params {
				if again[0].Params[key] != value {
					t.Errorf("%s is read again as %q, not %q", key, again[0].Params[key], value)
				}
			}
		}
	})
}
