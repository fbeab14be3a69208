package mirror_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// TestNothingIsEchoed checks that a credential does not reach the report or the
// log if a registry repeats it anywhere in its answers, in any form.
func TestNothingIsEchoed(t *testing.T) {
	const password = "pass/word+of=me"
	basic := base64.StdEncoding.EncodeToString([]byte("robot:" + password))
	forms := map[string]string{
		"raw": password, "base64": basic, "of the password": base64.RawURLEncoding.EncodeToString([]byte(password)),
		"escaped": url.QueryEscape(password), "all escaped": "%70%61%73%73%2F%77%6f%72%64%2b%6F%66%3d%6d%65", "lines": password[:6] + "\r\n " + password[6:],
	}
	raw := func(w http.ResponseWriter, text string) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(c, text)
			c.Close()
		}
	}
	oneLine := strings.NewReplacer("\r", "", "\n", "").Replace
	places := map[string]func(w http.ResponseWriter, r *http.Request, s string){
		"no HTTP": func(w http.ResponseWriter, _ *http.Request, s string) { raw(w, s+"\r\n\r\n") },
		"broken header": func(w http.ResponseWriter, _ *http.Request, s string) {
			raw(w, "HTTP/1.1 200 OK\r\n"+oneLine(s)+" x\r\n\r\n")
		},
		"status text": func(w http.ResponseWriter, _ *http.Request, s string) {
			raw(w, "HTTP/1.1 403 "+oneLine(s)+"\r\nContent-Length: 0\r\n\r\n")
		},
		"bad status": func(w http.ResponseWriter, _ *http.Request, s string) { raw(w, "HTTP/1.1 "+oneLine(s)+"\r\n\r\n") },
		"length": func(w http.ResponseWriter, _ *http.Request, s string) {
			raw(w, "HTTP/1.1 200 OK\r\nContent-Length: "+oneLine(s)+"\r\n\r\n")
		},
		"encoding": func(w http.ResponseWriter, _ *http.Request, s string) {
			raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "+oneLine(s)+"\r\n\r\n")
		},
		"trailer": func(w http.ResponseWriter, _ *http.Request, s string) {
			raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n"+oneLine(s)+"\r\n\r\n")
		},
		"redirect path": func(w http.ResponseWriter, r *http.Request, s string) {
			if r.URL.Query().Get("z") != "" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			w.Header().Set("Location", "/"+oneLine(s)+"?z=1")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"redirect scheme": func(w http.ResponseWriter, _ *http.Request, s string) {
			w.Header().Set("Location", "x://h/"+oneLine(s))
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"redirect host": func(w http.ResponseWriter, _ *http.Request, s string) {
			w.Header().Set("Location", "http://127.0.0.1:1/"+oneLine(s))
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"error": func(w http.ResponseWriter, _ *http.Request, s string) {
			w.WriteHeader(http.StatusForbidden)
			json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": "D" + s, "message": "you sent " + s}}})
		},
		"text": func(w http.ResponseWriter, _ *http.Request, s string) { http.Error(w, s, http.StatusConflict) },
		"page": func(w http.ResponseWriter, _ *http.Request, s string) {
			http.Error(w, "<title>"+s+"</title>", http.StatusBadRequest)
		},
		"realm": func(w http.ResponseWriter, _ *http.Request, s string) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://evil.invalid/`+oneLine(s)+`"`)
			w.WriteHeader(http.StatusUnauthorized)
		},
		"manifest": func(w http.ResponseWriter, r *http.Request, s string) {
			if strings.HasPrefix(r.URL.Path, "/v2/c/") { // the destination
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("Content-Type", registry.OCIManifest)
			json.NewEncoder(w).Encode(map[string]any{"schemaVersion": 2, "config": map[string]any{"digest": s, "size": 1}, "layers": []any{}})
		},
		"tags": func(w http.ResponseWriter, r *http.Request, s string) {
			if strings.HasSuffix(r.URL.Path, "/tags/list") {
				json.NewEncoder(w).Encode(map[string]any{"tags": []string{"v/" + s, "v1"}})
				return
			}
			w.WriteHeader(http.StatusNotFound)
		},
	}
	for place, answer := range places {
		for form, s := range forms {
			t.Run(place+", "+form, func(t *testing.T) {
				at := testkit.Serve(t, "echo", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.Header.Get("Authorization") == "" && r.URL.Query().Get("z") == "":
						w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
						w.WriteHeader(http.StatusUnauthorized)
					case r.URL.Path == "/v2/":
					default:
						answer(w, r, s)
					}
				}))
				keychain, err := credentials.ParseConfig("test", fmt.Appendf(nil, `{"auths": {%q: {"auth": %q}}}`, at.Host, basic), nil)
				if err != nil {
					t.Fatal(err)
				}
				var log bytes.Buffer
				logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				client := registry.New(registry.Options{Keychain: keychain, Log: logger, Retry: retry.Policy{Attempts: 2, Base: time.Microsecond}})
				defer client.Close()
				lines := fmt.Sprintf("%[1]s/a/b:1 %[1]s/c/d:1\n%[1]s/a/w:* %[1]s/c/w\n", at.Host)
				p, err := mirror.NewPlan([]*mapping.File{mapping.Parse("m", []byte(lines))}, mirror.PlanOptions{})
				if err != nil {
					t.Fatal(err)
				}
				report, err := mirror.Run(t.Context(), p, mirror.Options{Client: client})
				if err != nil {
					t.Fatal(err)
				}
				out, err := json.Marshal(report)
				if err != nil {
					t.Fatal(err)
				}
				var secrets credentials.Secrets
				secrets.LearnCredential(credentials.Credential{Username: "robot", Password: password})
				if report.OK() {
					t.Error("all is well")
				}
				for name, text := range map[string]string{"report": string(out), "log": log.String(), "failures": fmt.Sprint(report.Failures())} {
					if clean := secrets.Scrub(text); clean != text {
						t.Errorf("a secret in the %s: %.3000s", name, text)
					}
				}
			})
		}
	}
}
