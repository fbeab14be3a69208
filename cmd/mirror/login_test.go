package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// TestSurveysEnd ends the commands that only read with --timeout, while a
// registry sends a part of a token and no more.
func TestSurveysEnd(t *testing.T) {
	stalled := testkit.ServeOn(t, "127.0.0.1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	file := filepath.Join(t.TempDir(), "mapping_team")
	if err := os.WriteFile(file, []byte(stalled.Host+"/ci/app:v1 "+stalled.Host+"/org/app:v1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]int{"login-check": 1, "leftovers": 3} {
		p := start(t, command, "-f", file, "--timeout", "200ms")
		if code := p.code(); code != want || !strings.Contains(p.said(), "--timeout reached") {
			t.Errorf("%s: exit code %d, want %d\n%s", command, code, want, p.said())
		}
	}
	for _, command := range []string{"login-check", "leftovers"} {
		p := start(t, command, "-f", file, "--timeout=-1s")
		if code := p.code(); code != 2 || !strings.Contains(p.said(), "must not be negative") {
			t.Errorf("%s: exit code %d\n%s", command, code, p.said())
		}
	}
}
