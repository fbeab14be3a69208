package testkit

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/crypto/bcrypt"
)

// Registry is a running registry.
type Registry struct {
	Name     string
	Host     string // address and port
	Scheme   string // "http" or "https"
	CA       *x509.CertPool
	CAFile   string // the same as a PEM file; "" over plain HTTP
	User     string // "" when it takes everybody
	Password string
	// Behind is the registry without the wrappers of a test, or nil if only
	// HTTP reaches it. Checks use it: they see the real content and are not
	// counted.
	Behind http.Handler

	once   sync.Once
	client *http.Client
}

// Client is an HTTP client that trusts the registry.
func (r *Registry) Client() *http.Client {
	r.once.Do(func() { r.client = &http.Client{Transport: transport(r.CA), Timeout: time.Minute} })
	return r.client
}

// InProcess starts go-containerregistry's registry in this process, behind wrap
// when that is not nil. Its blobs belong to all repositories.
func InProcess(t testing.TB, wrap func(http.Handler) http.Handler) *Registry {
	t.Helper()
	bare := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	h := bare
	if wrap != nil {
		h = wrap(bare)
	}
	r := Serve(t, "in-process", h)
	r.Behind = bare
	return r
}

// Serve starts any handler on a loopback address.
func Serve(t testing.TB, name string, h http.Handler) *Registry {
	t.Helper()
	r := ServeOn(t, "127.0.0.1", h)
	r.Name = name
	return r
}

// ServeOn is Serve on another loopback address, such as "127.0.0.2".
func ServeOn(t testing.TB, address string, h http.Handler) *Registry {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return known(t, &Registry{Name: address, Host: l.Addr().String(), Scheme: "http"})
}

// ServeTLS is Serve over TLS, with HTTP/2.
func ServeTLS(t testing.TB, name string, h http.Handler) *Registry {
	t.Helper()
	ca := newAuthority(t)
	cert, err := tls.LoadX509KeyPair(ca.issue(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return known(t, &Registry{Name: name, Host: s.Listener.Addr().String(), Scheme: "https", CA: ca.pool, CAFile: ca.file})
}

// Basic lets in those who give a user's name and password.
func Basic(user, password string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Secure reports whether a registry process speaks TLS and wants a password.
type Secure bool

// Distribution starts CNCF distribution v3 as a process of its own.
func Distribution(t testing.TB, secure Secure) *Registry {
	t.Helper()
	r := &Registry{Name: "distribution", Scheme: "http", Host: freeAddress(t)}
	dir := t.TempDir()
	config := fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  inmemory: {}
  delete: {enabled: true}
http:
  addr: %s
  secret: not-a-secret
`, r.Host)
	if secure {
		r.Name, r.Scheme, r.User, r.Password = "distribution-secure", "https", "mirror", "correct horse battery"
		ca := newAuthority(t)
		r.CA, r.CAFile = ca.pool, ca.file
		cert, key := ca.issue(t, dir)
		hash, err := bcrypt.GenerateFromPassword([]byte(r.Password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		htpasswd := write(t, dir, "htpasswd", r.User+":"+string(hash)+"\n")
		config += fmt.Sprintf("  tls: {certificate: %s, key: %s}\nauth:\n  htpasswd: {realm: test, path: %s}\n", cert, key, htpasswd)
	}
	start(t, r, "registry-distribution", "serve", write(t, dir, "config.yml", config))
	return r
}

// Olareg starts olareg as a process of its own, in memory.
func Olareg(t testing.TB) *Registry {
	t.Helper()
	r := &Registry{Name: "olareg", Scheme: "http", Host: freeAddress(t)}
	_, port, _ := net.SplitHostPort(r.Host)
	start(t, r, "registry-olareg", "serve", "--addr", "127.0.0.1", "--port", port, "--store-type", "mem")
	return r
}

// Debian starts Debian's docker-registry, which is distribution 2.8, as a
// process of its own, on files.
func Debian(t testing.TB) *Registry {
	t.Helper()
	path, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Fatal("Debian's docker-registry is not installed: apt-get install docker-registry")
	}
	r := &Registry{Name: "debian", Scheme: "http", Host: freeAddress(t)}
	dir := t.TempDir()
	start(t, r, path, "serve", write(t, dir, "config.yml", fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: %s, secret: not-a-secret}
`, filepath.Join(dir, "storage"), r.Host)))
	return r
}

// start runs a registry's binary until the test ends and waits for it to answer.
func start(t testing.TB, r *Registry, binary string, args ...string) {
	t.Helper()
	known(t, r)
	path := binary
	if !filepath.IsAbs(path) {
		path = filepath.Join(Root(), "bin", binary)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not built: make bin/%s", path, binary)
	}
	var output strings.Builder
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	client := r.Client()
	for {
		resp, err := client.Get(r.Scheme + "://" + r.Host + "/v2/")
		if err == nil {
			resp.Body.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", binary, output.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// running are the registries of this process's tests by host.
var running sync.Map

// known makes a registry known to [CompareReferences] until the test ends.
func known(t testing.TB, r *Registry) *Registry {
	running.Store(r.Host, r)
	t.Cleanup(func() { running.Delete(r.Host) })
	return r
}

// freeAddress finds a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
