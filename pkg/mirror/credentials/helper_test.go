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

// TestHelperOnce starts a helper once for each key, whoever asks, and again after
// what it gave was refused.
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
	for range 5 { // it has nothing else to give
		c.Renew("q.io", "team/x", second)
		look("second", 3)
	}
}

// TestHelperGivenUp does not keep the failure of one who did not wait.
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

// script writes a helper into a folder of the path.
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

// TestHelperHangs ends a helper and what it has started with the context, also
// when a child holds the pipe.
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

// TestHelperStderr shows what a helper says of its failure, and no secret.
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

// TestBrokenEntries leaves out what cannot be read, until somebody needs it.
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

// TestLocate names what of which file is used, and nothing of it.
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
