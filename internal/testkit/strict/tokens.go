package strict

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Account may pull from and push to repositories below some prefixes, by
// password or by identity token.
type Account struct {
	User, Password string
	IdentityToken  string
	Pull, Push     []string
}

// Tokens is a token endpoint, at /token, and what checks its tokens at every
// request to the registry behind it. The zero value gives anonymous tokens for
// nothing.
type Tokens struct {
	Accounts []Account
	// Rotate gives a new identity token with each answer to one. The one that was
	// used last stays good, so that a client that lost an answer is not locked out;
	// all older ones do not.
	Rotate bool
	// Claims makes JSON Web Tokens that tell what they grant; else tokens are opaque.
	Claims bool
	// Fault is called first at the token endpoint. It returns true if it has
	// responded.
	Fault func(w http.ResponseWriter, r *http.Request) bool

	mu     sync.Mutex
	tokens map[string]map[string]bool // by token: "pull ns/name", "push ns/name"
	scopes [][]string
	users  []string
	denied int
	latest map[string]rotation // by the account's identity token
}

// rotation is which identity tokens of an account are good.
type rotation struct {
	n         int
	used, now string
}

// Wrap puts the tokens before a registry.
func (k *Tokens) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			k.issue(w, r)
			return
		}
		needed := needs(r)
		k.mu.Lock()
		granted, ok := k.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		k.mu.Unlock()
		for _, n := range needed {
			ok = ok && granted[n]
		}
		if !ok {
			scheme := "http"
			if r.TLS != nil {
				scheme = "https"
			}
			challenge := fmt.Sprintf(`Bearer realm="%s://%s/token",service="strict"`, scheme, r.Host)
			if len(needed) > 0 {
				action, name, _ := strings.Cut(needed[0], " ")
				challenge += fmt.Sprintf(`,scope="repository:%s:%s"`, name, action)
			}
			w.Header().Set("WWW-Authenticate", challenge)
			Refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// needs returns the access that a request needs.
func needs(r *http.Request) []string {
	match := pathPattern.FindStringSubmatch(r.URL.Path)
	if match == nil {
		return nil
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return []string{"pull " + match[1]}
	}
	out := []string{"push " + match[1]}
	if from := r.URL.Query().Get("from"); from != "" {
		out = append(out, "pull "+from)
	}
	return out
}

// issue returns a token for those of the scopes that the account may have.
func (k *Tokens) issue(w http.ResponseWriter, r *http.Request) {
	if k.Fault != nil && k.Fault(w, r) {
		return
	}
	if err := r.ParseForm(); err != nil {
		Refuse(w, http.StatusBadRequest, "BAD", err.Error())
		return
	}
	user, password, basic := r.BasicAuth()
	var account Account
	i := slices.IndexFunc(k.Accounts, func(a Account) bool {
		if r.Method == http.MethodPost {
			return r.PostForm.Get("grant_type") == "refresh_token" && k.good(a, r.PostForm.Get("refresh_token"))
		}
		return basic && a.User == user && a.Password == password
	})
	switch {
	case i >= 0:
		account = k.Accounts[i]
	case basic || r.Method == http.MethodPost:
		k.mu.Lock()
		k.denied++
		k.mu.Unlock()
		Refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	}
	var scopes []string
	for _, s := range r.Form["scope"] {
		scopes = append(scopes, strings.Fields(s)...)
	}
	granted := map[string]bool{}
	for _, s := range scopes {
		name, actions, ok := strings.Cut(strings.TrimPrefix(s, "repository:"), ":")
		for action := range strings.SplitSeq(actions, ",") {
			if ok && account.may(action, name) {
				granted[action+" "+name] = true
			}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.tokens == nil {
		k.tokens = map[string]map[string]bool{}
	}
	token := fmt.Sprintf("token-%d-%s", len(k.scopes), account.User)
	if k.Claims {
		token = claims(token, granted)
	}
	k.tokens[token] = granted
	k.scopes = append(k.scopes, scopes)
	k.users = append(k.users, account.User)
	answer := map[string]any{"token": token, "expires_in": 300}
	if r.Method == http.MethodPost && k.Rotate {
		answer["refresh_token"] = k.rotate(account, r.PostForm.Get("refresh_token"))
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// good reports whether an identity token is one of an account.
func (k *Tokens) good(a Account, token string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	last, rotated := k.latest[a.IdentityToken]
	if !rotated {
		return token != "" && token == a.IdentityToken
	}
	return token == last.used || token == last.now
}

// rotate gives the identity token that follows one. The caller holds mu.
func (k *Tokens) rotate(a Account, used string) string {
	if k.latest == nil {
		k.latest = map[string]rotation{}
	}
	n := k.latest[a.IdentityToken].n + 1
	now := fmt.Sprintf("identity-%d-%s", n, a.User)
	k.latest[a.IdentityToken] = rotation{n, used, now}
	return now
}

// Identity is the identity token of an account that is good now.
func (k *Tokens) Identity(a Account) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if last, rotated := k.latest[a.IdentityToken]; rotated {
		return last.now
	}
	return a.IdentityToken
}

// claims makes a JSON Web Token of the form that the distribution project
// documents. Nobody checks its signature.
func claims(id string, granted map[string]bool) string {
	type access struct {
		Type    string   `json:"type"`
		Name    string   `json:"name"`
		Actions []string `json:"actions"`
	}
	list := []access{}
	for _, grant := range slices.Sorted(maps.Keys(granted)) {
		action, name, _ := strings.Cut(grant, " ")
		i := slices.IndexFunc(list, func(a access) bool { return a.Name == name })
		if i < 0 {
			i = len(list)
			list = append(list, access{Type: "repository", Name: name})
		}
		list[i].Actions = append(list[i].Actions, action)
	}
	payload, err := json.Marshal(map[string]any{"jti": id, "access": list})
	if err != nil {
		panic(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(payload) + "." + encode([]byte(id))
}

func (a Account) may(action, name string) bool {
	prefixes := a.Pull
	if action == "push" {
		prefixes = a.Push
	}
	return slices.ContainsFunc(prefixes, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
}

// Expire makes the registry forget every token that was given.
func (k *Tokens) Expire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.tokens)
}

// Scopes returns the scopes of every requested token, in order.
func (k *Tokens) Scopes() [][]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.scopes)
}

// Denied counts the credentials that were nobody's.
func (k *Tokens) Denied() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.denied
}

// Users returns who asked for each of the tokens of Scopes, "" for nobody.
func (k *Tokens) Users() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.users)
}

// CheckNarrow fails the test if a token was requested for more than one
// repository and, for a mount, a second one to pull from.
func (k *Tokens) CheckNarrow(t testing.TB) {
	t.Helper()
	for _, scopes := range k.Scopes() {
		ok := len(scopes) == 1 || len(scopes) == 2 && strings.HasSuffix(scopes[1], ":pull")
		for _, s := range scopes {
			ok = ok && strings.HasPrefix(s, "repository:") && !strings.Contains(s, "*")
		}
		if !ok {
			t.Errorf("a token was asked for %q", scopes)
		}
	}
}

// AuthFile is a docker auth file with one entry for each key ("host/prefix").
func AuthFile(accounts map[string]Account) string {
	auths := map[string]any{}
	for key, a := range accounts {
		if a.IdentityToken != "" {
			auths[key] = map[string]string{"identitytoken": a.IdentityToken}
		} else {
			auths[key] = map[string]string{"username": a.User, "password": a.Password}
		}
	}
	out, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		panic(err)
	}
	return string(out)
}
