package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// The secrets that are put wherever a run may meet one.
const (
	passwordSecret  = "S3CRET-password+/="
	identitySecret  = "S3CRET-identity"
	serviceSecret   = "S3CRET-service"
	helperSecret    = "S3CRET-helper"
	signatureSecret = "S3CRET-signature"
	stateSecret     = "S3CRET-state"
	userSecret      = "S3CRET-userinfo"
)

// stage is where the secrets are: registries, an auth file, a helper.
type stage struct {
	*testing.T
	dir                              string
	source, target, service, helped  *testkit.Registry
	echoing, signing, tokens, nobody *testkit.Registry
	echoes                           atomic.Int64
}

// TestNoSecretIsTold runs the command in every mode and format, on paths that
// succeed and that fail, and looks for the secrets in every byte that it wrote.
func TestNoSecretIsTold(t *testing.T) {
	s := newStage(t)
	good := s.mapping("good", "$source/team/app:v1 $target/a/app:v1 $service/a/app:v1 $helped/a/app:v1")
	bad := s.mapping("bad",
		"$source/team/app:v1 $echoing/json/app:v1 $echoing/text/app:v1 $echoing/html/app:v1",
		"$source/team/app:v1 $tokens/a/app:v1",
		"$signing/denied/app:v1 $target/b/app:v1", "$signing/gone/app:v1 $target/c/app:v1",
		"$source/team/app:v1 $target/refused/app:v1", "$nobody/a:v1 $target/d/app:v1")
	broken := s.mapping("broken", "https://user:"+userSecret+"@quay.io/a/b:1 $target/a/b:1", "user:"+userSecret+"@quay.io/a/b:1 $target/a/b:1")
	wanted := 0
	for _, run := range []struct {
		code int
		args []string
	}{
		{1, []string{"check", "-f", good}},
		{0, []string{"plan", "-f", good}},
		{0, []string{"run", "-f", good}},
		{0, []string{"run", "-f", good, "--force", "--referrers"}},
		{0, []string{"check", "-f", good, "--verify", "deep"}},
		{1, []string{"run", "-f", bad}},
		{1, []string{"plan", "-f", bad}},
		{1, []string{"check", "-f", bad}},
		{1, []string{"run", "--fail-fast", "-f", bad}},
		{2, []string{"run", "-f", broken}},
		{2, []string{"run", "s3://key:" + userSecret + "@bucket/a/b:1", "quay.io/a/b:1"}},
		{2, []string{"run", "https://user:" + userSecret + "@quay.io/a/b:1=quay.io/c/d:1", "user:" + userSecret + "@quay.io/a"}},
		{1, []string{"run", "-a", s.file("broken.json", `{"auths": {"a": {"auth": "`+passwordSecret+`"}}}`), "-f", good}},
	} {
		for _, format := range []string{"text", "json"} {
			wanted++
			out := filepath.Join(s.dir, fmt.Sprint("out", wanted))
			args := append(run.args, "--format", format, "--report", filepath.Join(out, "report.json"), "--artifacts", filepath.Join(out, "artifacts"),
				"--log-format", format, "--metrics-file", filepath.Join(out, "mirror.prom"), "--pushgateway", "http://robot:"+userSecret+"@127.0.0.1:1/"+"?token="+userSecret,
				"--attempts", "2", "--registry-token", s.service.Host+"="+filepath.Join(s.dir, "service-token"))
			if err := os.Mkdir(out, 0o755); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(args, " "), "broken.json") {
				args = append(args, "-a", filepath.Join(s.dir, "auth.json"))
			}
			p := start(t, args...)
			code := p.code()
			s.file(filepath.Base(out)+"/output", p.said())
			if code != run.code {
				t.Errorf("mirror %q: exit code %d, want %d: %s", run.args, code, run.code, p.said())
			}
			s.search(out, run.args)
		}
	}
	if s.echoes.Load() < 20 {
		t.Errorf("our credential was repeated %d times only", s.echoes.Load())
	}
}

// TestNothingAfterAnAnswer: what a registry sends after its answer, which net/http
// itself prints, does not reach a stream.
func TestNothingAfterAnAnswer(t *testing.T) {
	s := &stage{T: t, dir: t.TempDir()}
	registry := testkit.Serve(t, "unsolicited", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if header == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.echoes.Add(1)
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			fmt.Fprintf(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n%s\r\n%s\r\n", header, passwordSecret)
			time.Sleep(50 * time.Millisecond) // the answer is read before the end
			c.Close()
		}
	}))
	auths := s.file("auth.json", fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, registry.Host, base64.StdEncoding.EncodeToString([]byte("robot:"+passwordSecret))))
	mapping := s.file("mapping", registry.Host+"/a/b:1 "+registry.Host+"/c/d:1\n")
	for _, command := range []string{"run", "plan", "check", "leftovers", "login-check"} {
		p := start(t, command, "-f", mapping, "-a", auths)
		p.code()
		if err := os.MkdirAll(filepath.Join(s.dir, command), 0o755); err != nil {
			t.Fatal(err)
		}
		s.file(command+"/output", p.said())
		s.search(filepath.Join(s.dir, command), []string{command})
	}
	if s.echoes.Load() < 5 {
		t.Errorf("our credential was repeated %d times only", s.echoes.Load())
	}
}

// search looks for the secrets, plain and encoded, in every file of a folder.
func (s *stage) search(dir string, args []string) {
	s.Helper()
	forbidden := []string{"S3CRET"}
	for _, pair := range []string{"robot:" + passwordSecret, "serviceaccount:" + serviceSecret, "helped:" + helperSecret} {
		forbidden = append(forbidden, base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range forbidden {
			if i := strings.Index(string(data), secret); i >= 0 {
				s.Errorf("mirror %q: %s holds a secret: …%.200s", args, path, data[max(i-100, 0):])
			}
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) file(name, text string) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		s.Fatal(err)
	}
	return path
}

func (s *stage) mapping(name string, lines ...string) string {
	s.Helper()
	return s.file(name, strings.NewReplacer("$source", s.source.Host, "$target", s.target.Host, "$service", s.service.Host, "$helped", s.helped.Host,
		"$echoing", s.echoing.Host, "$signing", s.signing.Host, "$tokens", s.tokens.Host, "$nobody", s.nobody.Host).Replace(strings.Join(lines, "\n")+"\n"))
}

func newStage(t *testing.T) *stage {
	s := &stage{T: t, dir: t.TempDir()}
	store := strict.New(strict.Options{})
	store.Image("team/app", "v1", "x", store.Blob("team/app", []byte(strings.Repeat("layer", 20_000))))
	for _, name := range []string{"denied/app", "gone/app"} {
		store.Image(name, "v1", name, store.Blob(name, []byte(strings.Repeat(name, 10_000))))
	}
	tokens := &strict.Tokens{Accounts: []strict.Account{{User: signatureSecret, IdentityToken: identitySecret, Pull: []string{"team"}}}}
	s.source = store.Serve(t, tokens.Wrap)
	s.target = testkit.Serve(t, "target", testkit.Basic("robot", passwordSecret, s.withState(strict.New(strict.Options{}))))
	s.service = testkit.Serve(t, "service", testkit.Basic("serviceaccount", serviceSecret, strict.New(strict.Options{})))
	s.helped = testkit.Serve(t, "helped", testkit.Basic("helped", helperSecret, strict.New(strict.Options{})))
	s.echoing = testkit.Serve(t, "echoing", testkit.Basic("robot", passwordSecret, http.HandlerFunc(s.echo)))
	s.tokens = testkit.Serve(t, "tokens", http.HandlerFunc(s.failingTokens))
	s.nobody = &testkit.Registry{Host: "127.0.0.1:1"}
	far := testkit.ServeOn(t, "127.0.0.2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "<Error><Code>AccessDenied</Code>"+r.URL.RawQuery+"</Error>", http.StatusForbidden)
	}))
	s.signing = testkit.Serve(t, "signing", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if testkit.Class(r) != "GET blob" {
			store.ServeHTTP(w, r)
			return
		}
		host := far.Host
		if strings.Contains(r.URL.Path, "/gone/") {
			host = s.nobody.Host
		}
		http.Redirect(w, r, "http://"+host+r.URL.Path+"?X-Amz-Signature="+signatureSecret, http.StatusTemporaryRedirect)
	}))
	s.file("service-token", serviceSecret+"\n")
	s.file("docker-credential-sweep", "#!/bin/sh\necho 'S3CRET-stderr' >&2\necho '{\"Username\": \"helped\", \"Secret\": \""+helperSecret+"\"}'\n")
	t.Setenv("PATH", s.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	auths := map[string]any{s.source.Host: map[string]string{"identitytoken": identitySecret}, s.tokens.Host: map[string]string{"identitytoken": identitySecret}}
	for _, r := range []*testkit.Registry{s.target, s.echoing} {
		auths[r.Host] = map[string]string{"username": "robot", "password": passwordSecret}
	}
	data, err := json.Marshal(map[string]any{"auths": auths, "credHelpers": map[string]string{s.helped.Host: "sweep"}})
	if err != nil {
		t.Fatal(err)
	}
	s.file("auth.json", string(data))
	return s
}

// withState puts a secret into the places where uploads go on, and refuses some
// of them.
func (s *stage) withState(h http.Handler) http.Handler {
	var log testkit.Recorder
	log.Edit = func(_ *http.Request, _ string, status int, header http.Header) {
		if status == http.StatusAccepted {
			header.Set("Location", header.Get("Location")+"&_state="+stateSecret)
		}
	}
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if class != "PUT upload" || !strings.Contains(r.URL.Path, "/refused/") {
			return false
		}
		strict.Refuse(w, http.StatusBadRequest, "BLOB_UPLOAD_INVALID", "with "+r.Header.Get("Authorization"))
		s.echoes.Add(1)
		return true
	}
	return log.Wrap(h)
}

// echo refuses everything and repeats what it was sent.
func (s *stage) echo(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v2/" {
		return
	}
	s.echoes.Add(1)
	header := r.Header.Get("Authorization")
	_, password, _ := r.BasicAuth()
	w.Header().Set("X-Debug", header)
	switch {
	case strings.Contains(r.URL.Path, "/json/"):
		strict.Refuse(w, http.StatusBadRequest, "BAD "+password, "you sent "+header+" that is "+password)
	case strings.Contains(r.URL.Path, "/html/"):
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "<html>%s</html>", header)
	default:
		http.Error(w, "you sent "+header+" with the password "+password, http.StatusTeapot)
	}
}

// failingTokens is a registry whose token endpoint fails and repeats what it was
// sent.
func (s *stage) failingTokens(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token?key=%s",service="x"`, r.Host, signatureSecret))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.echoes.Add(1)
	http.Error(w, r.FormValue("refresh_token")+" is not valid", http.StatusBadRequest)
}
