package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// only is a keychain with one credential for everything.
func only(c credentials.Credential) credentials.Keychain { return credentials.Chain{onlyKeychain{c}} }

func (k onlyKeychain) Lookup(context.Context, string, string) (credentials.Credential, error) {
	return k.c, nil
}

// TestStoreRefuses checks that an error names the store behind a redirect,
// after one retry through the registry, and does not blame the registry's
// credential.
func TestStoreRefuses(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404} {
		for _, times := range []int{1, 99} {
			n, signatures := 0, map[string]bool{}
			source := strict.New(strict.Options{})
			store := testkit.ServeOn(t, "127.0.0.3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					t.Error("the store got the credential")
				}
				signatures[r.URL.RawQuery] = true
				if n++; n <= times {
					w.Header().Set("WWW-Authenticate", `Basic realm="store"`)
					w.WriteHeader(status)
					io.WriteString(w, "<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
					return
				}
				source.ServeHTTP(w, r)
			}))
			blob := []byte("content")
			source.Blob("team/app", blob)
			asked := 0
			src := testkit.Serve(t, "source", before("GET blob", func(w http.ResponseWriter, r *http.Request, _ int, _ http.Handler) bool {
				asked++
				w.Header().Set("Location", fmt.Sprintf("http://%s%s?sig=%d", store.Host, r.URL.Path, asked))
				w.WriteHeader(http.StatusTemporaryRedirect)
				return true
			})(source))
			c := New(Options{Retry: retry.Policy{Base: time.Millisecond}, Keychain: only(credentials.Credential{Username: "u", Password: "s3cret"})})
			defer c.Close()
			c.all.host(src.Host).authenticator.learn([]auth.Challenge{{Scheme: "basic"}})
			repo := Repository{Host: src.Host, Path: "team/app"}
			got, err := io.ReadAll(c.newBlobReader(t.Context(), repo, ocispec.Descriptor{Digest: digest.FromBytes(blob), Size: 7}))
			var refused *StoreError
			switch {
			case times == 1 && (err != nil || !bytes.Equal(got, blob)):
				t.Errorf("%d once: %v", status, err)
			case times > 1 && (!errors.As(err, &refused) || refused.Store != store.Host || Denied(err) || NotFound(err) || !strings.Contains(err.Error(), "Request has expired")):
				t.Errorf("%d: %v", status, err)
			}
			if len(signatures) != 2 {
				t.Errorf("%d: asked with %d redirects, want two", status, len(signatures))
			}
			if host, _ := Blame(err); times > 1 && host != store.Host {
				t.Errorf("%s is to blame", host)
			}
		}
	}
}

// TestChallengeOfRedirectTarget checks that the challenge of a redirect's
// target does not count for the registry.
func TestChallengeOfRedirectTarget(t *testing.T) {
	var mu sync.Mutex
	var collected []string
	evil := testkit.Serve(t, "evil", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		collected = append(collected, r.Header.Get("Authorization"))
		io.WriteString(w, `{"token": "x"}`)
	}))
	store := testkit.ServeOn(t, "127.0.0.3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+evil.Host+`/collect",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	src := testkit.Serve(t, "source", testkit.Basic("u", "s3cret", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Location", "http://"+store.Host+r.URL.Path)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})))
	c := New(Options{Retry: retry.Policy{Base: time.Millisecond}, Keychain: only(credentials.Credential{Username: "u", Password: "s3cret"})})
	defer c.Close()
	_, err := c.Manifest(t.Context(), Repository{Host: src.Host, Path: "team/app"}, "v1")
	if err == nil || !strings.Contains(err.Error(), store.Host) || Denied(err) {
		t.Errorf("%v", err)
	}
	if len(collected) > 0 {
		t.Errorf("the place that the store named got %q", collected)
	}
}

// TestChallengeByRepository keeps the challenges of repositories apart.
func TestChallengeByRepository(t *testing.T) {
	var log testkit.Recorder
	src := testkit.Serve(t, "source", log.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/private/") && r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.Contains(r.URL.Path, "/public/") && r.Header.Get("Authorization") != "" {
			t.Error("the public repository got the credential")
		}
		w.Header().Set("Docker-Content-Digest", string(empty))
	})))
	c := New(Options{Keychain: only(credentials.Credential{Username: "u", Password: "s3cret"})})
	defer c.Close()
	for _, path := range []string{"private/a", "public/a", "private/a", "public/b"} {
		if _, err := c.Resolve(t.Context(), Repository{Host: src.Host, Path: path}, "v1"); err != nil {
			t.Error(err)
		}
	}
	if n := log.Count("HEAD manifest"); n != 5 {
		t.Errorf("%d requests for four tags, want one more", n)
	}
}

// TestOtherSchemeByRepository checks that a password does not count as refused
// if a registry names Basic for itself and a token endpoint for a repository.
func TestOtherSchemeByRepository(t *testing.T) {
	var log testkit.Recorder
	src := testkit.Serve(t, "source", log.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/token" && password == "s3cret":
			fmt.Fprint(w, `{"token": "t"}`)
		case r.URL.Path == "/v2/":
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.Header.Get("Authorization") != "Bearer t":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Header().Set("Docker-Content-Digest", string(empty))
		}
	})))
	c := New(Options{Keychain: only(credentials.Credential{Username: "u", Password: "s3cret"})})
	defer c.Close()
	for _, tag := range []string{"v1", "v2"} {
		if _, err := c.Resolve(t.Context(), Repository{Host: src.Host, Path: "a"}, tag); err != nil {
			t.Error(err)
		}
	}
	if n := log.Count("HEAD manifest"); n != 3 {
		t.Errorf("%d requests for two tags, want one more", n)
	}
}

// TestIdentityTokenRotates keeps the identity token that replaces the one in
// use, also with concurrent requests.
func TestIdentityTokenRotates(t *testing.T) {
	var mu sync.Mutex
	current := 0
	identity := func() string { return fmt.Sprint("identity-", current) }
	src := testkit.Serve(t, "source", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path == "/token":
			r.ParseForm()
			if r.PostForm.Get("refresh_token") != identity() {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			current++
			fmt.Fprintf(w, `{"access_token": "for %s", "refresh_token": %q, "expires_in": "300"}`, r.PostForm.Get("scope"), identity())
		case r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Header().Set("Docker-Content-Digest", string(empty))
		}
	}))
	c := New(Options{Keychain: only(credentials.Credential{IdentityToken: "identity-0"})})
	defer c.Close()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := c.Resolve(t.Context(), Repository{Host: src.Host, Path: fmt.Sprint("team/app", i)}, "v1"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if current != 20 {
		t.Errorf("%d tokens for 20 repositories", current)
	}
}

// TestWhatAnErrorSays reads the message of an error from bodies in several
// formats.
func TestWhatAnErrorSays(t *testing.T) {
	for body, want := range map[string]string{
		`{"errors": [{"code": "DENIED", "message": "quota exceeded"}]}`:                           "(DENIED): quota exceeded",
		`{"message": "the disk is full"}`:                                                         "the disk is full",
		`{"error": "try later"}`:                                                                  "try later",
		`{"detail": "in maintenance until noon"}`:                                                 "in maintenance until noon",
		`{"other": "form"}`:                                                                       `{"other": "form"}`,
		"no space left\n":                                                                         "no space left",
		"<html><head><title>503 Backend\n fetch failed</title></head></html>":                     "503 Backend fetch failed",
		"<html><body><h1>Down for maintenance</h1></body></html>":                                 "Down for maintenance",
		"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce rate</Message></Error>": "SlowDown Reduce rate",
		"<html>": "",
		"":       "",
	} {
		for _, status := range []int{503, 507} {
			n := 0
			src := testkit.Serve(t, "source", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					n++
					w.WriteHeader(status)
					io.WriteString(w, body)
				}
			}))
			c := New(Options{Clock: throttle.Clock{Sleep: func(context.Context, time.Duration) error { return nil }}})
			defer c.Close()
			_, err := c.Tags(t.Context(), Repository{Host: src.Host, Path: "a"})
			if err == nil || !strings.HasSuffix(err.Error(), strings.TrimSpace(fmt.Sprintf("%d %s%s", status, http.StatusText(status), map[bool]string{true: "", false: map[bool]string{true: " ", false: ": "}[strings.HasPrefix(want, "(")]}[want == ""]+want))) {
				t.Errorf("%q: %v", body, err)
			}
			if status == 507 && n != 1 {
				t.Errorf("asked %d times", n)
			}
		}
	}
}

// TestTokenRefusalSays checks that the error has the token endpoint's reason
// without secrets, even if it cuts them off.
func TestTokenRefusalSays(t *testing.T) {
	const secret = "hunter2hunter2hunter2"
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{401, `{"details": "the robot account is disabled"}`, "the robot account is disabled"},
		{400, `{"error": "invalid_scope", "error_description": "no such organisation"}`, "no such organisation"},
		{403, `{"errors": [{"code": "DENIED", "message": "` + secret + ` may not"}]}`, "may not"},
		{503, "<html><title>Down until noon</title></html>", "Down until noon"},
		{400, strings.Repeat("x", 190) + " " + secret, "xxx"},
	} {
		src := testkit.Serve(t, "source", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
				return
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
		}))
		c := New(Options{
			Keychain: only(credentials.Credential{Username: "robot", Password: secret}),
			Clock:    throttle.Clock{Sleep: func(context.Context, time.Duration) error { return nil }},
		})
		defer c.Close()
		_, err := c.Resolve(t.Context(), Repository{Host: src.Host, Path: "a"}, "v1")
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret[:6]) {
			t.Errorf("%d: %v, want %q", tt.status, err, tt.want)
		}
	}
}
