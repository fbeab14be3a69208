package mirror_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// noName is a transport for which a host name does not resolve.
type noName struct{ asked atomic.Int64 }

func (n *noName) RoundTrip(r *http.Request) (*http.Response, error) {
	n.asked.Add(1)
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
}

// A host that is not a registry is reported after one or two attempts, and not
// as a temporary failure.
func TestNoRegistryThere(t *testing.T) {
	var connections, proxied atomic.Int64
	ssh, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ssh.Close() })
	go func() {
		for {
			c, err := ssh.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			// The answer has to follow the request: an earlier one makes
			// net/http open more connections.
			c.Read(make([]byte, 64<<10))
			c.Write([]byte("SSH-2.0-Other\r\n"))
			c.Close()
		}
	}()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied.Add(1)
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(strings.Replace(proxy.URL, "http://", "http://robot:hunter2@", 1))
	if err != nil {
		t.Fatal(err)
	}
	name := &noName{}
	for _, tt := range []struct {
		name, host, want string
		opts             registry.Options
		tries            *atomic.Int64
		most             int64
	}{
		{"no such name", "quai.invalid", "host not found", registry.Options{Transport: name}, &name.asked, 1},
		{"no HTTP", ssh.Addr().String(), "not an HTTPS or HTTP server", registry.Options{}, &connections, 4},
		{"a proxy that refuses", "quay.invalid", "the proxy " + address.Host + " denies the connection: 407",
			registry.Options{Proxy: func(*http.Request) (*url.URL, error) { return address, nil }}, &proxied, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := mirror.NewPlan([]*mapping.File{mapping.Parse("m", []byte(tt.host+"/a/b:1 "+tt.host+"/c/d:1\n"))}, mirror.PlanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			c := registry.New(tt.opts)
			defer c.Close()
			report := chained(t, p, mirror.Options{Client: c, Mode: mirror.ModePlan})
			e := report.Entries[0]
			if e.Outcome != mirror.Unknown || e.Cause != mirror.CauseAddress || !strings.Contains(e.Error, tt.want) || strings.Contains(e.Error, "hunter2") {
				t.Errorf("%s %s: %s", e.Outcome, e.Cause, e.Error)
			}
			if n := tt.tries.Load(); n < 1 || n > tt.most {
				t.Errorf("%d tries, want at most %d", n, tt.most)
			}
		})
	}
}

// A plan reports a registry that denies reading.
func TestPlanIsUnknown(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusBadGateway} {
		for _, mode := range []mirror.Mode{mirror.ModePlan, mirror.ModeCheck} {
			src := testkit.InProcess(t, nil)
			src.Push(t, "a/b:v1", testkit.Image(t, "x"))
			var log testkit.Recorder
			dst := testkit.InProcess(t, log.Wrap)
			log.Fault = func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
				if strings.Contains(r.URL.Path, "/manifests/") {
					w.WriteHeader(status)
					return true
				}
				return false
			}
			report := chained(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d:v1"), mirror.Options{Client: client(t), Mode: mode})
			if e := report.Entries[0]; e.Outcome != mirror.Unknown || e.Host != dst.Host || report.OK() {
				t.Errorf("%d, %s: %s: %s", status, mode, e.Outcome, e.Error)
			}
		}
	}
}
