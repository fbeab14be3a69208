package credentials

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHelperOnce checks that a helper runs once for each key, for any number of
// callers, and again after its credential was refused.
func TestHelperOnce(t *testing.T) {
	started, password := 0, "first"
	run := func(context.Context, string, string) ([]byte, error) {
		started++
		return fmt.Appendf(nil, `{"Username": "u", "Secret": %q}`, password), nil
	}
	c, err := ParseConfig("f", []byte(`{"credHelpers": {"q.io": "good"}}`), run)
	if err != nil {
		t.Fatal(err)
	}
	look := func(want string, starts int) Credential {
		t.Helper()
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if cred, err := c.Lookup(t.Context(), "q.io", fmt.Sprint("team/", i)); err != nil || cred.Password != want {
					t.Errorf("%v, want %s", err, want)
				}
			})
		}
		wg.Wait()
		if started != starts {
			t.Errorf("started %d times, want %d", started, starts)
		}
		cred, _ := c.Lookup(t.Context(), "q.io", "team/x")
		return cred
	}
	first := look("first", 1)
	password = "second"
	Chain{c}.Renew("q.io", "team/x", first)
	Chain{c}.Renew("q.io", "team/y", first) // was refused at the same time
	second := look("second", 2)
	for range 5 { // it returns the same again
		c.Renew("q.io", "team/x", second)
		look("second", 3)
	}
}

// TestHelperGivenUp checks that the failure of a caller that did not wait is
// not cached.
func TestHelperGivenUp(t *testing.T) {
	run := func(ctx context.Context, _, _ string) ([]byte, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return []byte(`{"Username": "u", "Secret": "p"}`), nil
	}
	c, err := ParseConfig("f", []byte(`{"credsStore": "good"}`), run)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the time is over"))
	if _, err := c.Lookup(gone, "q.io", "a"); err == nil || !strings.Contains(err.Error(), "the time is over") {
		t.Errorf("%v", err)
	}
	if _, err := c.Lookup(t.Context(), "q.io", "a"); err != nil {
		t.Error(err)
	}
}

// script writes a helper to a folder in PATH.
func script(t *testing.T, name, text string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	path := dir + string(os.PathListSeparator) + os.Getenv("PATH")
	t.Setenv("PATH", path) // where the program is looked for
	return []string{"PATH=" + path}
}

// TestHelperHangs checks that a helper and its children end with the context,
// even if a child holds the pipe.
func TestHelperHangs(t *testing.T) {
	for name, text := range map[string]string{"itself": "echo $$ >DIR/pid\nexec sleep 600\n", "in a child": "sleep 600 &\necho $! >DIR/pid\nwait\n"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			env := script(t, "slow", strings.ReplaceAll(text, "DIR", dir))
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				for { // until it has started
					if data, _ := os.ReadFile(filepath.Join(dir, "pid")); len(data) > 1 {
						break
					}
					time.Sleep(time.Millisecond)
				}
				cancel(errors.New("the run is over"))
			}()
			_, err := Exec(env)(ctx, "slow", "q.io")
			if err == nil || err.Error() != "the run is over" {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestHelperStderr checks that an error has a helper's standard error without
// secrets.
func TestHelperStderr(t *testing.T) {
	env := script(t, "loud", `echo '{"Username": "u", "Secret": "s3cret-of-it"}'; echo "the vault is sealed, s3cret-of-it" >&2; exit 3`)
	c, err := ParseConfig("the-file", []byte(`{"credHelpers": {"q.io": "loud"}}`), Exec(env))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Lookup(t.Context(), "q.io", "a")
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "the vault is sealed") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%v", err)
	}
}

// TestBrokenEntries checks that an invalid entry is an error only for its
// repositories.
func TestBrokenEntries(t *testing.T) {
	for _, bad := range []string{`{"auth": "OnNlY3JldA=="}`, `{"auth": "Og=="}`, `{"auth": "ZXlKaGJHY2lPaQ=="}`, `{"auth": "%%%"}`, `{"auth": 5}`, `"text"`, `{"username": []}`} {
		data := fmt.Sprintf(`{"auths": {"good.io": {"auth": "dTpw"}, "bad.io/a-secret-in-a-key": %s, "bad.io": %s}}`, bad, bad)
		c, err := ParseConfig("the-file", []byte(data), nil)
		if err != nil {
			t.Errorf("%s: %v", bad, err)
			continue
		}
		if cred, err := c.Lookup(t.Context(), "good.io", "x"); err != nil || cred.Password != "p" {
			t.Errorf("%s: %v", bad, err)
		}
		_, err = c.Lookup(t.Context(), "bad.io", "x")
		if err == nil || !strings.Contains(err.Error(), "entry 3 of 3") || !strings.Contains(err.Error(), "bad.io/x") {
			t.Errorf("%s: %v", bad, err)
		}
		problems := Chain{c}.Problems()
		if len(problems) != 2 || !strings.Contains(problems[0], "entry 2 of 3") || strings.Contains(fmt.Sprint(problems), "a-secret") {
			t.Errorf("%s: %q", bad, problems)
		}
	}
}

// TestLocate checks that Locate names the file and entry, without their
// content.
func TestLocate(t *testing.T) {
	c, err := ParseConfig("auth.json", []byte(`{"auths": {"q.io/team": {"auth": "dTpw"}, "https://docker.io/v1/": {"auth": "dTpw"}}, "credHelpers": {"gcr.io": "gcloud"}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	k := Chain{&TokenFile{Host: "ci.io", Path: "/token"}, c}
	for repo, want := range map[string]string{
		"ci.io/a": "token file /token", "q.io/team/app": "auth file auth.json, entry q.io/team", "q.io/other": "",
		"docker.io/a/b": "auth file auth.json, entry docker.io", "gcr.io/a/b": "auth file auth.json, credential helper gcloud for gcr.io",
	} {
		host, path, _ := strings.Cut(repo, "/")
		if got := k.Locate(host, path); got != want {
			t.Errorf("%s: %q, want %q", repo, got, want)
		}
	}
}
