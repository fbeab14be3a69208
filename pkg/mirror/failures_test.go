package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// TestFailuresAreGrouped has one registry that is down, one that does not
// exist, and a missing source.
func TestFailuresAreGrouped(t *testing.T) {
	src := testkit.InProcess(t, nil)
	down := testkit.Serve(t, "down", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	src.Push(t, "a/b:1", testkit.Image(t, "x"))
	var lines []string
	for i := range 5 {
		lines = append(lines, fmt.Sprintf("$src/a/b:1 $dst/c/d:%d", i))
	}
	lines = append(lines, "$src/a/b:1 127.0.0.1:1/c/d:1 127.0.0.1:1/c/d:2", "$src/a/b:gone $dst/c/d:gone")
	report := run(t, plan(t, src, down, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 8})
	failures := report.Failures()
	var got []string
	for _, f := range failures {
		got = append(got, fmt.Sprintf("%s %s %d", f.Host, f.Reason, f.Entries))
		if f.Since.Before(report.Started) || f.Since.After(report.Started.Add(10*time.Minute)) {
			t.Errorf("%s: since %v, the run began at %v", f, f.Since, report.Started)
		}
	}
	want := []string{
		down.Host + " 503 Service Unavailable 5", "127.0.0.1:1 connection refused 2", src.Host + " no such source 1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
	if text := failures[0].String(); !strings.HasPrefix(text, down.Host+": 503 Service Unavailable for 5 entries since ") {
		t.Error(text)
	}
}

// TestReasonsThatSettingsChange checks the reasons of errors about limits that
// a caller can raise.
func TestReasonsThatSettingsChange(t *testing.T) {
	src := testkit.InProcess(t, nil)
	src.Push(t, "a/b:1", testkit.Image(t, "x"))
	guarded := testkit.Serve(t, "guarded", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://elsewhere.invalid/token"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	keychain, err := credentials.ParseConfig("test", []byte(fmt.Sprintf(`{"auths": {%q: {"username": "u", "password": "s3cret"}}}`, guarded.Host)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, dst := range map[string]*testkit.Registry{mirror.ReasonTokenHost: guarded, mirror.ReasonBlobSize: testkit.InProcess(t, nil)} {
		c := registry.New(registry.Options{Keychain: keychain, MaxBlob: 10})
		t.Cleanup(c.Close)
		report := run(t, plan(t, src, dst, "$src/a/b:1 $dst/c/d:1"), mirror.Options{Client: c})
		if failures := report.Failures(); len(failures) != 1 || failures[0].Reason != want || strings.Contains(report.Entries[0].Error, "s3cret") {
			t.Errorf("%+v, want the reason %q", failures, want)
		}
	}
}

// TestReasonsOfBrokenRegistries checks that a reason names the registry and
// what is wrong with its answers.
func TestReasonsOfBrokenRegistries(t *testing.T) {
	to := testkit.InProcess(t, nil)
	for location, want := range map[string]string{"ftp://q.invalid/x": "invalid redirect", "": "invalid redirect", "/v2/a/b/manifests/1": "invalid redirect"} {
		broken := testkit.Serve(t, "broken", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
		}))
		report := run(t, plan(t, broken, to, "$src/a/b:1 $dst/c/d:1"), mirror.Options{Client: client(t)})
		if f := report.Failures(); len(f) != 1 || f[0].Reason != want || f[0].Host != broken.Host {
			t.Errorf("a redirect to %q: %+v, want %s of %s", location, f, want, broken.Host)
		}
	}
}
