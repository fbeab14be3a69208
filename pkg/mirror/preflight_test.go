package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// keyed is a client with a credential for one registry.
func keyed(t *testing.T, host string, account strict.Account) *registry.Client {
	t.Helper()
	keychain, err := credentials.ParseConfig("test", []byte(strict.AuthFile(map[string]strict.Account{host: account})), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := registry.New(registry.Options{Keychain: keychain, Retry: retry.Policy{Attempts: 2}})
	t.Cleanup(c.Close)
	return c
}

// A token endpoint shows in several ways that a credential may pull but not
// push. The run knows that before anything is sent to the repository, and
// correct tags are unchanged.
func TestPushRefused(t *testing.T) {
	reader := strict.Account{User: "reader", Password: "pass", Pull: []string{"org"}}
	for name, tt := range map[string]struct {
		claims  bool
		fault   func(w http.ResponseWriter, r *http.Request) bool
		perRepo int // tokens that a run requests
		uploads bool
	}{
		"the token tells what it grants": {claims: true, perRepo: 1},
		"the endpoint refuses": {perRepo: 2, fault: func(w http.ResponseWriter, r *http.Request) bool {
			refuse := strings.Contains(r.FormValue("scope"), "push")
			if refuse {
				strict.Refuse(w, http.StatusForbidden, "DENIED", "requested access to the resource is denied")
			}
			return refuse
		}},
		"only a write can find out": {perRepo: 1, uploads: true},
	} {
		for _, mode := range []mirror.Mode{mirror.ModeRun, mirror.ModePlan, mirror.ModeCheck} {
			t.Run(name+"/"+string(mode), func(t *testing.T) {
				src := testkit.InProcess(t, nil)
				var log testkit.Recorder
				store := strict.New(strict.Options{})
				asked := 0
				tokens := &strict.Tokens{Accounts: []strict.Account{reader}, Claims: tt.claims}
				tokens.Fault = func(w http.ResponseWriter, r *http.Request) bool {
					if asked++; mode == mirror.ModeCheck && strings.Contains(r.FormValue("scope"), "push") {
						t.Errorf("a check asks for a token to push")
					}
					return tt.fault != nil && tt.fault(w, r)
				}
				dst := testkit.Serve(t, "dst", log.Wrap(tokens.Wrap(store)))
				dst.Behind = store
				const moved = 6
				same := testkit.Image(t, "same")
				src.Push(t, "a/b:same", same)
				testkit.Serve(t, "bare", store).Push(t, "org/x:same", same)
				lines := []string{"$src/a/b:same $dst/org/x:same"}
				for i := range moved {
					src.Push(t, fmt.Sprintf("a/b:v%d", i), testkit.Image(t, fmt.Sprint(i), testkit.Layer(int64(i), 1000)))
					lines = append(lines, fmt.Sprintf("$src/a/b:v%d $dst/org/x:v%d", i, i))
				}
				log.Reset()
				report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: keyed(t, dst.Host, reader), Mode: mode})
				switch {
				case mode == mirror.ModeCheck:
					wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Absent: moved})
					return
				case mode == mirror.ModePlan && tt.uploads:
					wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Planned: moved})
					return
				}
				wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Failed: moved})
				failures := report.Failures()
				if len(failures) != 1 || failures[0].Entries != moved || failures[0].Host != dst.Host || failures[0].Cause != mirror.CauseDenied {
					t.Errorf("failures: %+v, want one of %s", failures, dst.Host)
				}
				if n := log.Count("POST upload", "mount"); (n > 0) != tt.uploads {
					t.Errorf("%d uploads: %v", n, log.Classes())
				}
				if want := tt.perRepo; mode == mirror.ModeRun && !tt.uploads && asked > want+1 {
					t.Errorf("%d requests for tokens, want %d and one that checks the credential", asked, want)
				}
			})
		}
	}
}

// A plan without a credential for a public destination succeeds and notes what
// a run needs.
func TestPlanWithoutCredential(t *testing.T) {
	src := testkit.InProcess(t, nil)
	tokens := strict.Tokens{Claims: true}
	public := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead || r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v2/org") {
				h.ServeHTTP(w, r)
				return
			}
			tokens.Wrap(h).ServeHTTP(w, r)
		})
	}
	dst := testkit.Serve(t, "dst", public(strict.New(strict.Options{})))
	src.Push(t, "a/b:1", testkit.Image(t, "1"))
	src.Push(t, "a/b:2", testkit.Image(t, "2"))
	lines := []string{"$src/a/b:1 $dst/org/x:1", "$src/a/b:2 $dst/org/y:2"}
	report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Mode: mirror.ModePlan})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Planned: 2})
	if want := dst.Host + ": no credential configured that can push, which a run needs for 2 destinations"; len(report.Notes) != 1 || report.Notes[0] != want {
		t.Errorf("notes: %q", report.Notes)
	}
	report = chained(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 2})
	if f := report.Failures(); len(f) != 1 || f[0].Entries != 2 || !strings.Contains(f[0].Reason, "asked anonymously") {
		t.Errorf("failures: %v", f)
	}
}

// A wrong password for many repositories is sent only a few times, because
// registries lock accounts, and is reported as one failure.
func TestWrongPassword(t *testing.T) {
	right := strict.Account{User: "robot", Password: "right", Pull: []string{"org"}, Push: []string{"org"}}
	wrong := right
	wrong.Password = "wrong"
	const repositories, each = 100, 5
	for _, scheme := range []string{"Basic", "Bearer"} {
		for _, mode := range []mirror.Mode{mirror.ModeRun, mirror.ModePlan, mirror.ModeCheck} {
			t.Run(scheme+"/"+string(mode), func(t *testing.T) {
				src := testkit.InProcess(t, nil)
				src.Push(t, "a/b:1", testkit.Image(t, "1"))
				var log testkit.Recorder
				h := testkit.Basic(right.User, right.Password, strict.New(strict.Options{}))
				if scheme == "Bearer" {
					h = (&strict.Tokens{Accounts: []strict.Account{right}}).Wrap(strict.New(strict.Options{}))
				}
				dst := testkit.Serve(t, "dst", log.Wrap(h))
				var lines []string
				for i := range repositories * each {
					lines = append(lines, fmt.Sprintf("$src/a/b:1 $dst/org/r%d:v%d", i/each, i%each))
				}
				report := chained(t, plan(t, src, dst, lines...), mirror.Options{Client: keyed(t, dst.Host, wrong), Mode: mode})
				failures := report.Failures()
				if len(failures) != 1 || failures[0].Entries != repositories*each || failures[0].Host != dst.Host || failures[0].Reason != "credential refused" || failures[0].Cause != mirror.CauseDenied {
					t.Errorf("failures: %+v", failures)
				}
				if n := log.Count(); n > 3 { // challenge, use of a credential, check of the credential alone
					t.Errorf("%d requests: %q", n, log.Requests())
				}
				for _, e := range report.Entries {
					if strings.Contains(e.Error, wrong.Password) || strings.Contains(e.Error, wrong.User) {
						t.Fatalf("the error repeats the credential: %s", e.Error)
					}
				}
			})
		}
	}
}

// A credential that a token endpoint refuses for one repository, with 401, is
// still used for others.
func TestRefusedForOneRepository(t *testing.T) {
	robot := strict.Account{User: "robot", Password: "pass", Pull: []string{"org"}, Push: []string{"org"}}
	tokens := strict.Tokens{Accounts: []strict.Account{robot}, Fault: func(w http.ResponseWriter, r *http.Request) bool {
		refuse := strings.Contains(r.FormValue("scope"), "org/none")
		if refuse {
			strict.Refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "no access")
		}
		return refuse
	}}
	src := testkit.InProcess(t, nil)
	src.Push(t, "a/b:1", testkit.Image(t, "1"))
	store := strict.New(strict.Options{})
	dst := testkit.Serve(t, "dst", tokens.Wrap(store))
	dst.Behind = store
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("$src/a/b:1 $dst/org/none%d:1 $dst/org/some%d:1", i, i))
	}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: keyed(t, dst.Host, robot)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 20, mirror.Failed: 20})
	if f := report.Failures(); len(f) != 1 || f[0].Entries != 20 || f[0].Host != dst.Host {
		t.Errorf("failures: %v", f)
	}
}

// A refused push is also found in a repository that is read by a list, without
// additional requests.
func TestPushRefusedWhereListed(t *testing.T) {
	reader := strict.Account{User: "reader", Password: "pass", Pull: []string{"org"}}
	var log testkit.Recorder
	store := strict.New(strict.Options{})
	tokens := &strict.Tokens{Accounts: []strict.Account{reader}, Claims: true}
	listing, guarded := (&testkit.Quay{}).Wrap(store), tokens.Wrap(store)
	at := testkit.Serve(t, "quay", log.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			listing.ServeHTTP(w, r)
		} else {
			guarded.ServeHTTP(w, r)
		}
	})))
	var lines []string
	const listed, changed = 8, 5
	for i := range listed {
		tag := fmt.Sprintf("v%d", i)
		store.Image("org/from", tag, tag)
		if store.Image("org/to", tag, tag); i == changed {
			store.Image("org/to", tag, "an older image")
		}
		lines = append(lines, fmt.Sprintf("$src/org/from:%s $src/org/to:%s", tag, tag))
	}
	report := chained(t, plan(t, at, at, lines...), mirror.Options{Client: keyed(t, at.Host, reader), Lists: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: listed - 1, mirror.Failed: 1})
	if e := report.Entries[changed]; e.Outcome != mirror.Failed || !strings.Contains(e.Error, "grants no push to org/to") {
		t.Errorf("%s: %s", e.Destination, e.Error)
	}
	if lists, heads, asked := log.Count("listing"), log.Count("HEAD manifest"), len(tokens.Scopes()); lists != 2 || heads != 2 || asked != 2 {
		t.Errorf("%d lists, %d looks, %d tokens, want 2 of each: %q", lists, heads, asked, log.Requests())
	}
}
