package hardcases

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// registries are the cases of unusual responses of a registry.
var registries = []hardCase{
	{name: "15-mount", what: "a mount answered 202, 400, 401, 403, 404, 405, 500",
		does: "202: the upload that was opened is used; others: the blob is sent, and the registry is not asked for mounts again",
		try: func(s *scene) {
			s.image("a/b", "1", 90_000)
			const line = "$src/a/b:1 $dst/c:1 $dst/d:1 $dst/e:1"
			report := s.copied(line)
			if report.Moved.Mounts != 4 || s.srcLog.Count("GET blob") != 2 {
				s.Errorf("moved %+v with %d blobs read", report.Moved, s.srcLog.Count("GET blob"))
			}
			for _, code := range []int{400, 401, 403, 404, 405, 500} {
				n := s.again(strict.Options{})
				n.dstLog.Fault = answer("mount", 0, func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Get("from") == "" {
						s.Error("a mount without from, which quay refuses")
					}
					strict.Refuse(w, code, "UNKNOWN", "invalid repository name")
				})
				if report := n.copied(line); report.Moved.Mounts != 0 || report.Moved.Blobs != 6 {
					s.Errorf("mount answered %d: moved %+v", code, report.Moved)
				}
			}
			skipping := s.again(strict.Options{})
			skipping.options.SkipMount = true
			if skipping.copied(line); skipping.dstLog.Count("mount") > 0 {
				s.Error("a mount was tried although it should not be")
			}
			n := s.again(strict.Options{NoMount: true}) // 202: the session that was opened is used
			n.copied(line)
			if mounts, uploads := n.dstLog.Count("mount"), n.dstLog.Count("POST upload"); mounts == 0 || mounts+uploads != 6 {
				s.Errorf("%d mounts and %d other uploads for six blobs", mounts, uploads)
			}
		}},
	{name: "16-head-lies", what: "HEAD of an existing manifest answered 400, 404, 405, 500, or without or with a wrong digest; PUT answered without a digest",
		does: "GET, and the digest of its bytes",
		try: func(s *scene) {
			s.image("a/b", "1", 90)
			s.image("a/b", "2", 80)
			const one, two = "$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2"
			head := func(n *scene, log *testkit.Recorder, code int) {
				log.Fault = answer("HEAD manifest", 0, status(code))
				n.copied(one, two)
				n.want(n.run(one, two), mirror.Unchanged)
			}
			for _, code := range []int{400, 404, 405, 500} {
				n := s.again(strict.Options{})
				head(n, &n.srcLog, code)
				n = s.again(strict.Options{})
				head(n, &n.dstLog, code)
			}
			// A 404 to HEAD is never trusted on a registry without HEAD, even
			// after a true one.
			n := s.again(strict.Options{})
			n.srcLog.Fault = answer("HEAD manifest", 0, status(404))
			n.options.Parallel = 1
			report := n.run("$src/a/b:gone $dst/c:gone", one, two)
			n.failed(report.Entries[0], mirror.CauseSourceMissing)
			report.Entries = report.Entries[1:]
			n.want(report, mirror.Copied)
			n.same(report)
			// HEAD gives the digest of something that does not exist.
			n = s.again(strict.Options{})
			n.srcLog.Edit = func(_ *http.Request, class string, _ int, h http.Header) {
				if class == "HEAD manifest" {
					h.Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
				}
			}
			n.options.Referrers = true
			n.copied(one, two, "$src/a/b:1 $dst/d:1 $dst/d:2")
			n.dstLog.Reset()
			n.want(n.run(one, two), mirror.Unchanged)
			if puts := n.dstLog.Count("PUT manifest"); puts != 0 {
				s.Errorf("%d manifests were written again", puts)
			}
			n.options.Mode = mirror.ModeCheck
			n.want(n.run(one, two), mirror.Unchanged)
			noDigest := func(_ *http.Request, _ string, _ int, h http.Header) { h.Del("Docker-Content-Digest") }
			n = s.again(strict.Options{})
			n.srcLog.Edit, n.dstLog.Edit = noDigest, noDigest
			n.copied(one, two)
			n.want(n.run(one, two), mirror.Unchanged)
		}},
	{name: "17-accept", what: "a manifest that exists only for those who accept its type",
		does: "every request accepts all types",
		try: func(s *scene) {
			s.src.Index("a/b", "1", strict.For("linux", "amd64", s.image("a/b", "", 90)))
			watch := func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if class == "HEAD manifest" || class == "GET manifest" {
					for _, kind := range []string{"oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.list.v2", "docker.distribution.manifest.v2", "docker.distribution.manifest.v1"} {
						if !strings.Contains(r.Header.Get("Accept"), "application/vnd."+kind+"+json") {
							s.Errorf("%s %s does not accept %s", r.Method, r.URL, kind)
						}
					}
				}
				return false
			}
			s.srcLog.Fault, s.dstLog.Fault = watch, watch
			s.copied("$src/a/b:1 $dst/c:1") // the strict registry returns only accepted types
		}},
	{name: "18-range", what: "the answer to a chunk has no Range, `0-0`, or less than was sent",
		does: "continues where the registry says, else where the upload stopped",
		try: func(s *scene) {
			s.image("a/b", "1", 3<<20)
			for name, edit := range map[string]func(h http.Header){
				"as specified": func(http.Header) {},
				"none":         func(h http.Header) { h.Del("Range") },
				"0-0":          func(h http.Header) { h.Set("Range", "0-0") },
				"with bytes=":  func(h http.Header) { h.Set("Range", "bytes="+h.Get("Range")) },
			} {
				n := s.again(strict.Options{MaxBody: 1 << 20})
				n.dstLog.Edit = func(_ *http.Request, class string, _ int, h http.Header) {
					if class == "PATCH upload" {
						edit(h)
					}
				}
				n.copied("$src/a/b:1 $dst/c:1")
				if n.dstLog.Count("PATCH upload") < 3 {
					s.Errorf("range %s: not sent in chunks: %v", name, n.dstLog.Classes())
				}
			}
			n := s.again(strict.Options{MaxBody: 1 << 20, TakeAtMost: 700_000}) // the registry accepts less than was sent
			n.copied("$src/a/b:1 $dst/c:1")
		}},
	{name: "19-upload-location", what: "Location relative, absolute with a query, on another port or host, without its port, with http for https",
		does: "resolved by RFC 3986; the credential goes to no other host; plain http on another host is refused",
		try:  uploadLocations},
	{name: "20-body-limit", what: "413 from a proxy; `OCI-Chunk-Min-Length`",
		does: "sends chunks, and makes them smaller until the registry accepts them",
		dst:  strict.Options{MaxBody: 5 << 20, MinChunk: 2 << 20}, try: func(s *scene) {
			s.image("a/b", "1", 11<<20)
			s.copied("$src/a/b:1 $dst/c:1")
			if n := s.dstLog.Count("PATCH upload"); n < 3 {
				s.Errorf("%d chunks", n)
			}
			n := s.again(strict.Options{MaxBody: 1 << 20, MinChunk: 2 << 20}) // which no client can meet
			n.failed(n.entry("$src/a/b:1 $dst/c:1"), mirror.CauseRefused, "413")
		}},
}

// elsewhere serves a handler on 127.0.0.2, another host than the registries',
// which must not see their credential.
func elsewhere(t *testing.T, h http.Handler) (base string) {
	t.Helper()
	return testkit.ServeOn(t, "127.0.0.2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("the credential was sent to another host: %s %s", r.Method, r.URL.Path)
		}
		h.ServeHTTP(w, r)
	})).Host
}

// basic requires a password.
func basic(h http.Handler) http.Handler { return testkit.Basic("robot", "pass", h) }

// uploadLocations are cases with a Location that is relative or absolute, on
// another port or host, or has the wrong scheme.
func uploadLocations(s *scene) {
	s.image("a/b", "1", 90_000)
	var mu sync.Mutex
	var hosts []string
	note := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			hosts = append(hosts, r.Host)
			mu.Unlock()
			h.ServeHTTP(w, r)
		})
	}
	// try copies with Locations that rewrite builds from path and query. wants
	// is the host where the bytes must arrive ("" for none).
	try := func(name string, tls bool, rewrite func(n *scene, at *url.URL) string, wants func(n *scene) string) {
		n := s.again(strict.Options{})
		n.authFile = `{"auths": {"127.0.0.1": {"auth": "cm9ib3Q6cGFzcw=="}}}`
		n.dstLog.Edit = func(_ *http.Request, class string, code int, h http.Header) {
			at, err := url.Parse(h.Get("Location"))
			if err != nil {
				n.Error(err)
			}
			if code == http.StatusAccepted {
				h.Set("Location", rewrite(n, at))
			}
		}
		guarded := basic(n.dstLog.Wrap(n.dst))
		if tls {
			n.to = testkit.ServeTLS(s.T, "guarded", guarded)
		} else {
			n.to = testkit.Serve(s.T, "guarded", guarded)
		}
		n.authFile = fmt.Sprintf(`{"auths": {%q: {"auth": "cm9ib3Q6cGFzcw=="}}}`, n.to.Host)
		hosts = nil
		e := n.entry("$src/a/b:1 $dst/c:1")
		if want := wants(n); want != "" {
			if e.Outcome != mirror.Copied {
				s.Errorf("%s: %s", name, e.Error)
			}
			if want != n.to.Host && (len(hosts) == 0 || hosts[0] != want) {
				s.Errorf("%s: the upload went to %q, want %s", name, hosts, want)
			}
			n.same(&mirror.Report{Entries: []mirror.Entry{e}})
		} else {
			n.failed(e, mirror.CauseOther, "plain http")
		}
	}
	same := func(n *scene) string { return n.to.Host }
	try("relative", false, func(_ *scene, at *url.URL) string { return at.String() }, same)
	try("relative to the request", false, func(_ *scene, at *url.URL) string {
		return at.Path[strings.LastIndexByte(at.Path, '/')+1:] + "?" + at.RawQuery
	}, same)
	try("absolute with query", false, func(n *scene, at *url.URL) string { return "http://" + n.to.Host + at.String() + "&x=y%2Fz" }, same)
	// Another port of the same machine is the registry, too.
	port := ""
	try("other port", false, func(n *scene, at *url.URL) string {
		if port == "" {
			port = testkit.Serve(s.T, "other port", note(basic(n.dst))).Host
		}
		return "http://" + port + at.String()
	}, func(*scene) string { return port })
	// Another host gets the bytes and no credential.
	host := ""
	try("other host", false, func(n *scene, at *url.URL) string {
		if host == "" {
			host = elsewhere(s.T, note(n.dst))
		}
		return "http://" + host + at.String()
	}, func(*scene) string { return host })
	try("port lost", true, func(_ *scene, at *url.URL) string { return "https://127.0.0.1" + at.String() }, same)
	try("http for https", true, func(n *scene, at *url.URL) string { return "http://" + n.to.Host + at.String() }, same)
	try("http on another host", true, func(_ *scene, at *url.URL) string { return "http://127.0.0.2:1" + at.String() }, func(*scene) string { return "" })
}
