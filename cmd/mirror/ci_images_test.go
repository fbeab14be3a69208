package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// tunnel is an HTTP proxy that leads every host to a registry of the test, so
// that a command speaks to them under their real names and no name is looked up.
func tunnel(t *testing.T, hosts map[string]*testkit.Registry) string {
	t.Helper()
	return testkit.Serve(t, "proxy", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, ok := hosts[strings.TrimSuffix(r.Host, ":443")]
		if r.Method != http.MethodConnect || !ok {
			http.Error(w, "no such host: "+r.Host, http.StatusBadGateway)
			return
		}
		up, err := net.Dial("tcp", to.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer up.Close()
		down, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer down.Close()
		fmt.Fprint(down, "HTTP/1.1 200 OK\r\n\r\n")
		done := make(chan struct{}, 2)
		for _, way := range [][2]net.Conn{{up, down}, {down, up}} {
			go func() {
				_, _ = io.Copy(way[0], way[1])
				done <- struct{}{}
			}()
		}
		<-done
	})).Host
}

func secureRegistry(t *testing.T, name string) *testkit.Registry {
	return testkit.ServeTLS(t, name, registry.New(registry.Logger(log.New(io.Discard, "", 0))))
}

// TestCIImages carries out a configuration of ci-images-mirror with 290 images
// between registries that stand for quay.io, the CI registry and one outside, and
// compares every image.
func TestCIImages(t *testing.T) {
	quay, ci, outside := secureRegistry(t, "quay"), secureRegistry(t, "ci"), secureRegistry(t, "outside")
	proxy := tunnel(t, map[string]*testkit.Registry{
		"quay.io": quay, "quay-proxy.ci.openshift.org": quay, "registry.ci.openshift.org": ci, "registry.example.com": outside,
	})
	var b strings.Builder
	type copied struct {
		from     *testkit.Registry
		fromPath string
		to       *testkit.Registry
		toPath   string
	}
	var all []copied
	b.WriteString("supplementalCIImages:\n")
	for n := range 280 {
		image := testkit.Image(t, fmt.Sprint(n), testkit.Layer(int64(n%20), 500), testkit.Layer(int64(1000+n), 100))
		c := copied{to: quay, toPath: fmt.Sprintf("openshift/ci:lab_app%d_v1", n)}
		fmt.Fprintf(&b, "  lab/app%d:v1:\n", n)
		switch n % 4 {
		case 0:
			c.from, c.fromPath = ci, fmt.Sprintf("team/stream%d:1.10", n)
			fmt.Fprintf(&b, "    namespace: team\n    name: stream%d\n    tag: \"1.10\"\n", n)
		case 1:
			c.from, c.fromPath = quay, fmt.Sprintf("acme/app:v%d", n)
			fmt.Fprintf(&b, "    image: quay.io/%s\n", c.fromPath)
		case 2:
			c.from, c.fromPath = outside, fmt.Sprintf("acme/app%d:v1", n)
			fmt.Fprintf(&b, "    image: registry.example.com/%s\n", c.fromPath)
		default:
			c.from, c.fromPath = outside, fmt.Sprintf("acme/pinned:v%d", n)
		}
		digest := c.from.Push(t, c.fromPath, image)
		if n%4 == 3 {
			fmt.Fprintf(&b, "    image: registry.example.com/acme/pinned@%s\n", digest)
		}
		all = append(all, c)
	}
	b.WriteString("  lab/off:v1:\n    image: registry.example.com/acme/gone:v1\nqciToAppCIImages:\n")
	for n := range 10 {
		path := fmt.Sprintf("openshift/ci:lab_back%d_v1", n)
		quay.Push(t, path, testkit.Image(t, "back"+fmt.Sprint(n), testkit.Layer(int64(n), 500)))
		if fmt.Fprintf(&b, "  lab/back%d:v1:", n); n%2 == 0 {
			b.WriteString(" {}\n")
		} else {
			fmt.Fprintf(&b, "\n    image: quay.io/%s\n", path)
		}
		all = append(all, copied{quay, path, ci, fmt.Sprintf("lab/back%d:v1", n)})
	}
	b.WriteString("ignoredSources:\n- image: registry.example.com/acme/gone:v1\n  reason: it was deleted\n")
	config := filepath.Join(t.TempDir(), "_config.yaml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command("mirror", append(args, "--ci-images", config, "--insecure")...)
		cmd.Env = append(os.Environ(), "HTTPS_PROXY=http://"+proxy, "HTTP_PROXY=http://"+proxy, "NO_PROXY=", "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Fatalf("%v: exit code %d (%v), want %d\n%s", args, code, err, want, out)
		}
		return string(out)
	}
	run(1, "check")
	run(0, "plan")
	for _, c := range all {
		if c.to.Digest(c.toPath) != "" {
			t.Fatalf("%s was written by check or plan", c.toPath)
		}
	}
	out := run(0, "run")
	if !strings.Contains(out, "lab/off:v1 is not copied: its source registry.example.com/acme/gone:v1 is ignored") || !strings.Contains(out, "it was deleted") {
		t.Errorf("the ignored source is not told:\n%s", out)
	}
	for _, c := range all {
		if _, err := testkit.CompareImages(c.from, c.fromPath, c.to, c.toPath); err != nil {
			t.Errorf("%s and %s: %v", c.fromPath, c.toPath, err)
		}
	}
	run(0, "check")
	if len(all) != 290 {
		t.Errorf("%d images, want 290", len(all))
	}
}
