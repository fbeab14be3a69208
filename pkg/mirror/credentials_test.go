package mirror_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// guarded is a strict registry with a token endpoint at another address.
type guarded struct {
	store  *strict.Registry
	tokens *strict.Tokens
	log    testkit.Recorder
	at     *testkit.Registry
}

func newGuarded(t *testing.T, address string, accounts ...strict.Account) *guarded {
	g := &guarded{store: strict.New(strict.Options{}), tokens: &strict.Tokens{Accounts: accounts}}
	g.at = testkit.ServeOn(t, address, g.log.Wrap(g.tokens.Wrap(g.store)))
	g.at.Behind = g.store
	return g
}

// TestCredentialsByRepository mirrors between three registries with eight
// accounts, each with the least permissions that it needs.
func TestCredentialsByRepository(t *testing.T) {
	account := func(host, org string, push bool) strict.Account {
		a := strict.Account{User: org + "@" + host, Password: "of " + org + " on " + host, Pull: []string{org}}
		if push {
			a.Push = a.Pull
		}
		return a
	}
	src := newGuarded(t, "127.0.0.1", account("src", "team-a", false), strict.Account{User: "identity", IdentityToken: "identity of team-b", Pull: []string{"team-b"}})
	one := newGuarded(t, "127.0.0.2", account("one", "org", true), account("one", "org/deep", true), account("one", "other", true))
	two := newGuarded(t, "127.0.0.3", account("two", "org", true), account("two", "org/deep", true), account("two", "other", true))
	layer := []byte(strings.Repeat("a layer ", 20_000))
	for _, team := range []string{"team-a/x", "team-b/x"} {
		src.store.Image(team, "1", team, src.store.Blob(team, layer))
	}
	accounts := map[string]strict.Account{src.at.Host + "/team-a": src.tokens.Accounts[0], src.at.Host + "/team-b": src.tokens.Accounts[1]}
	for _, dst := range []*guarded{one, two} {
		for _, a := range dst.tokens.Accounts {
			accounts[dst.at.Host+"/"+a.Pull[0]] = a
		}
	}
	var lines []string
	for _, dst := range []*guarded{one, two} {
		lines = append(lines,
			fmt.Sprintf("%s/team-a/x:1 %s/org/x:1 %s/org/y:1 %s/org/deep/x:1", src.at.Host, dst.at.Host, dst.at.Host, dst.at.Host),
			fmt.Sprintf("%s/team-b/x:1 %s/other/x:1 %s/org/deep/y:1", src.at.Host, dst.at.Host, dst.at.Host))
	}
	p, err := mirror.NewPlan([]*mapping.File{mapping.Parse("m", []byte(strings.Join(lines, "\n")+"\n"))}, mirror.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	keychain, err := credentials.ParseConfig("test", []byte(strict.AuthFile(accounts)), nil)
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() *registry.Client {
		c := registry.New(registry.Options{Keychain: keychain})
		t.Cleanup(c.Close)
		return c
	}
	wantSummary(t, run(t, p, mirror.Options{Client: fresh(), Mode: mirror.ModePlan}), map[mirror.Outcome]int{mirror.Planned: 10})
	for name, g := range map[string]*guarded{"src": src, "one": one, "two": two} {
		push := map[string]int{} // by scope
		for _, scopes := range g.tokens.Scopes() {
			if strings.Contains(strings.Join(scopes, " "), "push") {
				push[strings.Join(scopes, " ")]++
			}
		}
		want := map[string]int{"src": 0, "one": 5, "two": 5}[name] // of each repository that a run would write
		if len(push) != want || slices.Max(append(slices.Collect(maps.Values(push)), 0)) > 1 {
			t.Errorf("a dry run asked %s for tokens to push: %v, want one for each of %d repositories", name, push, want)
		}
	}
	wantSummary(t, run(t, p, mirror.Options{Client: fresh()}), map[mirror.Outcome]int{mirror.Copied: 10})
	for name, g := range map[string]*guarded{"src": src, "one": one, "two": two} {
		g.tokens.CheckNarrow(t)
		if n := g.tokens.Denied(); n > 0 {
			t.Errorf("%s got %d credentials that are not its own", name, n)
		}
		users := g.tokens.Users()
		for i, scopes := range g.tokens.Scopes() {
			path := strings.Split(scopes[0], ":")[1]
			want := path[:strings.LastIndexByte(path, '/')] + "@" + name
			if path == "team-b/x" {
				want = "identity"
			}
			if users[i] != want {
				t.Errorf("%s asked %s for %q, want %s", users[i], name, scopes, want)
			}
			if push := strings.HasSuffix(scopes[0], ":pull,push"); name == "src" && push {
				t.Errorf("the source was asked for %q", scopes)
			}
		}
	}
}

// TestRotatedToken rotates the token of a service account between requests; the
// registry accepts only the new one.
func TestRotatedToken(t *testing.T) {
	src := testkit.InProcess(t, nil)
	src.Push(t, "a/b:1", testkit.Image(t, "1", testkit.Layer(1, 100_000)))
	src.Push(t, "a/b:2", testkit.Image(t, "2", testkit.Layer(2, 100_000)))
	for _, class := range []string{"HEAD manifest", "HEAD blob", "POST upload", "PUT upload", "PUT manifest"} {
		file := filepath.Join(t.TempDir(), "token")
		var mu sync.Mutex
		current := 0
		token := func() string { return fmt.Sprint("token of the day ", strings.Repeat("x", current)) }
		rotate := func() {
			mu.Lock()
			defer mu.Unlock()
			current++
			// Kubernetes replaces such a file whole.
			err := os.WriteFile(file+".new", []byte(token()), 0o600)
			if err == nil {
				err = os.Rename(file+".new", file)
			}
			if err != nil {
				t.Error(err)
			}
		}
		rotate()
		var log testkit.Recorder
		log.Fault = func(_ http.ResponseWriter, _ *http.Request, have string, n int) bool {
			if have == class && n == 1 {
				rotate()
			}
			return false
		}
		store := strict.New(strict.Options{})
		dst := store.Serve(t, func(h http.Handler) http.Handler {
			return log.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				now := token()
				mu.Unlock()
				testkit.Basic("serviceaccount", now, h).ServeHTTP(w, r)
			}))
		})
		c := registry.New(registry.Options{
			Keychain: &credentials.TokenFile{Host: dst.Host, Path: file, Read: os.ReadFile, Stat: os.Stat},
			Retry:    retry.Policy{Attempts: 4, Base: time.Millisecond},
		})
		wantSummary(t, run(t, plan(t, src, dst, "$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2"), mirror.Options{Client: c}), map[mirror.Outcome]int{mirror.Copied: 2})
		c.Close()
		if current != 2 {
			t.Errorf("%s: rotated %d times", class, current)
		}
	}
}

// The token for a mount can also pull from the blob's repository.
func TestMountToken(t *testing.T) {
	g := newGuarded(t, "127.0.0.2", strict.Account{User: "robot", Password: "pass", Pull: []string{"org"}, Push: []string{"org"}})
	g.store.Image("org/src", "1", "x", g.store.Blob("org/src", []byte(strings.Repeat("x", 100_000))))
	keychain, err := credentials.ParseConfig("test", []byte(strict.AuthFile(map[string]strict.Account{g.at.Host + "/org": g.tokens.Accounts[0]})), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := registry.New(registry.Options{Keychain: keychain})
	t.Cleanup(c.Close)
	report := run(t, plan(t, g.at, g.at, "$src/org/src:1 $dst/org/dst:1"), mirror.Options{Client: c})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
	if report.Moved.Mounts != 2 || g.log.Count("POST upload", http.MethodGet+" blob") != 0 {
		t.Errorf("moved %+v: %v", report.Moved, g.log.Classes())
	}
	if want := []string{"repository:org/dst:pull,push", "repository:org/src:pull"}; !slices.ContainsFunc(g.tokens.Scopes(), func(s []string) bool { return slices.Equal(s, want) }) {
		t.Errorf("no token for %q: %q", want, g.tokens.Scopes())
	}
	g.tokens.CheckNarrow(t)
}

// TestWhoseRefusal checks that an error shows whether a credential was sent:
// otherwise a key of the secret that matches no repository looks like a wrong
// password.
func TestWhoseRefusal(t *testing.T) {
	const without = "asked anonymously"
	robot := strict.Account{User: "robot", Password: "pass", Pull: []string{"org"}, Push: []string{"org"}}
	wrong := robot
	wrong.Password = "another"
	for name, tt := range map[string]struct {
		key     string
		account strict.Account
		none    bool
	}{
		"a key for other repositories": {"/elsewhere", robot, true},
		"a wrong password":             {"/org", wrong, false},
	} {
		t.Run(name, func(t *testing.T) {
			src := testkit.InProcess(t, nil)
			src.Push(t, "a/b:1", testkit.Image(t, "1", testkit.Layer(1, 1_000)))
			for _, scheme := range []string{"Basic", "Bearer"} {
				var dst *testkit.Registry
				if scheme == "Basic" {
					dst = testkit.Serve(t, "dst", testkit.Basic(robot.User, robot.Password, strict.New(strict.Options{})))
				} else {
					dst = newGuarded(t, "127.0.0.2", robot).at
				}
				keychain, err := credentials.ParseConfig("test", []byte(strict.AuthFile(map[string]strict.Account{dst.Host + tt.key: tt.account})), nil)
				if err != nil {
					t.Fatal(err)
				}
				c := registry.New(registry.Options{Keychain: keychain})
				t.Cleanup(c.Close)
				report := run(t, plan(t, src, dst, "$src/a/b:1 $dst/org/x:1"), mirror.Options{Client: c})
				e := report.Entries[0]
				if e.Cause != mirror.CauseDenied || strings.Contains(e.Error, without) != tt.none || strings.Contains(e.Reason, without) != tt.none {
					t.Errorf("%s: cause %s, reason %q, error %q", scheme, e.Cause, e.Reason, e.Error)
				}
			}
		})
	}
}
