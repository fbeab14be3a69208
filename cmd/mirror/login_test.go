package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// stalled makes a mapping file for a registry that sends a part of a token and no
// more; asked tells that it did.
func stalled(t *testing.T) (file string, asked chan struct{}) {
	asked = make(chan struct{}, 100)
	registry := testkit.ServeOn(t, "127.0.0.1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	file = filepath.Join(t.TempDir(), "mapping_team")
	if err := os.WriteFile(file, []byte(registry.Host+"/ci/app:v1 "+registry.Host+"/org/app:v1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, asked
}

// TestSurveysEnd ends the commands that only read, with --timeout and by a signal.
func TestSurveysEnd(t *testing.T) {
	for command, want := range map[string]int{"login-check": 1, "leftovers": 3} {
		file, _ := stalled(t)
		p := start(t, command, "-f", file, "--timeout", "200ms")
		if code := p.code(); code != want || !strings.Contains(p.said(), "--timeout reached") {
			t.Errorf("%s: exit code %d, want %d\n%s", command, code, want, p.said())
		}
		file, asked := stalled(t)
		p = start(t, command, "-f", file)
		p.until("it reads a token", func() bool { return len(asked) > 0 })
		p.signal(syscall.SIGTERM)
		if code := p.code(); code != want || !strings.Contains(p.said(), ": interrupted\n") || strings.Contains(p.said(), "context") {
			t.Errorf("%s: exit code %d, want %d\n%s", command, code, want, p.said())
		}
	}
	file, _ := stalled(t)
	for _, command := range []string{"login-check", "leftovers"} {
		p := start(t, command, "-f", file, "--timeout=-1s")
		if code := p.code(); code != 2 || !strings.Contains(p.said(), "must not be negative") {
			t.Errorf("%s: exit code %d\n%s", command, code, p.said())
		}
	}
}
