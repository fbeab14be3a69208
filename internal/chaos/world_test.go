package chaos

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// site is one registry of a world.
type site struct {
	name     string // host:port
	calm     *strict.Registry
	injector *Injector
	tokens   *strict.Tokens // nil: everybody is let in
}

// world is a network with registries, images and a mapping file, all of which
// follow from a seed.
type world struct {
	t      *testing.T
	dice   *rand.Rand
	net    *Network
	tls    bool
	sites  map[string]*site
	blobs  [][]byte // layers that images share
	lines  []string
	want   map[string]digest.Digest // by destination, "host/repo:tag"
	known  map[digest.Digest][]byte // every manifest and blob
	images int
	whole  map[string]bool // complete manifests by site, repository and digest
}

var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{ // bubbles of synctest begin in the year 2000
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "chaos"}, DNSNames: []string{"*.test"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(crand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
})

func (w *world) scheme() string {
	if w.tls {
		return "https"
	}
	return "http"
}

// serve starts a handler under a name.
func (w *world) serve(name string, h http.Handler) (stop func()) {
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	l := w.net.Listen(name)
	done := make(chan struct{})
	secure := w.tls
	go func() {
		defer close(done)
		if secure {
			cert, _ := certificate()
			s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.ServeTLS(l, "", "")
		} else {
			s.Serve(l)
		}
	}()
	return func() {
		s.Close()
		<-done
		time.Sleep(time.Second) // a server that broke off a response lingers
	}
}

// client makes a registry client for the world's network.
// roots are the authorities to trust, when not those of its registries.
func (w *world) client(opts registry.Options, roots ...*x509.CertPool) *registry.Client {
	auths := map[string]any{}
	for _, s := range w.sites {
		auths[s.name] = map[string]string{"username": "mirror", "password": "s3cret"}
		if s.tokens != nil && s.tokens.Accounts[0].IdentityToken != "" {
			auths[s.name] = map[string]string{"identitytoken": s.tokens.Identity(s.tokens.Accounts[0])}
		}
	}
	config, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		w.t.Fatal(err)
	}
	if opts.Keychain, err = credentials.ParseConfig("test", config, nil); err != nil {
		w.t.Fatal(err)
	}
	if opts.Insecure == nil {
		opts.Insecure = func(string) bool { return !w.tls }
	}
	_, trusted := certificate()
	for _, r := range roots {
		trusted = r
	}
	opts.Transport = &http.Transport{
		DialContext: w.net.Dial, TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true,
		DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 256 << 10,
		TLSHandshakeTimeout: 15 * time.Second,
	}
	return registry.New(opts)
}

// ask sends a request to a registry without the injector and the guard.
func (s *site) ask(method, path, kind string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Accept", registry.OCIManifest+","+registry.OCIIndex)
	r.Header.Set("Content-Type", kind)
	rec := httptest.NewRecorder()
	s.calm.ServeHTTP(rec, r)
	return rec
}

type descriptor struct {
	MediaType string            `json:"mediaType"`
	Digest    digest.Digest     `json:"digest"`
	Size      int               `json:"size"`
	Platform  map[string]string `json:"platform,omitempty"`
}

func describe(kind string, data []byte) descriptor {
	return descriptor{MediaType: kind, Digest: digest.FromBytes(data), Size: len(data)}
}

// image makes an image of layers and pushes it under ref.
func (w *world) image(s *site, repo, ref string, layers ...[]byte) descriptor {
	w.images++
	config := fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","n":%d}`, w.images)
	m := struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}{2, registry.OCIManifest, describe("application/vnd.oci.image.config.v1+json", config), nil}
	for _, l := range append(layers, config) {
		s.calm.Blob(repo, l)
		w.known[digest.FromBytes(l)] = l
	}
	for _, l := range layers {
		m.Layers = append(m.Layers, describe("application/vnd.oci.image.layer.v1.tar", l))
	}
	return w.put(s, repo, ref, registry.OCIManifest, m)
}

func (w *world) index(s *site, repo, ref string, children ...descriptor) descriptor {
	for i := range children {
		children[i].Platform = map[string]string{"os": "linux", "architecture": []string{"amd64", "arm64", "s390x"}[i%3]}
	}
	return w.put(s, repo, ref, registry.OCIIndex, map[string]any{"schemaVersion": 2, "mediaType": registry.OCIIndex, "manifests": children})
}

// put writes a manifest under ref, or under its digest when that is "".
func (w *world) put(s *site, repo, ref, kind string, m any) descriptor {
	body, err := json.Marshal(m)
	if err != nil {
		w.t.Fatal(err)
	}
	d := describe(kind, body)
	w.known[d.Digest] = body
	if ref == "" {
		ref = string(d.Digest)
	}
	if rec := s.ask(http.MethodPut, "/v2/"+repo+"/manifests/"+ref, kind, body); rec.Code != http.StatusCreated {
		w.t.Fatalf("%s/%s: %d %s", repo, ref, rec.Code, rec.Body)
	}
	return d
}

// complete checks everything below a reference of a registry. It returns the
// digest, "" if it does not exist, and an error if a part is missing or differs
// from the source's.
func (w *world) complete(s *site, repo, ref string) (d digest.Digest, err error) {
	rec := s.ask(http.MethodGet, "/v2/"+repo+"/manifests/"+ref, "", nil)
	if rec.Code == http.StatusNotFound {
		return "", nil
	}
	body := rec.Body.Bytes()
	d = digest.FromBytes(body)
	if key := s.name + repo + string(d); w.whole[key] {
		return d, nil
	} else {
		defer func() { w.whole[key] = err == nil }()
	}
	if want, ok := w.known[d]; !ok || !bytes.Equal(want, body) {
		return d, fmt.Errorf("%s/%s has a manifest that nobody made: %s", repo, ref, d)
	}
	var m struct {
		Manifests, Layers []descriptor
		Config            *descriptor
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return d, err
	}
	for _, c := range m.Manifests {
		if got, err := w.complete(s, repo, string(c.Digest)); err != nil || got != c.Digest {
			return d, fmt.Errorf("%s/%s lacks the child %s: %q %w", repo, ref, c.Digest, got, err)
		}
	}
	if m.Config != nil {
		m.Layers = append(m.Layers, *m.Config)
	}
	for _, l := range m.Layers {
		rec := s.ask(http.MethodGet, "/v2/"+repo+"/blobs/"+string(l.Digest), "", nil)
		if rec.Code != http.StatusOK || !bytes.Equal(rec.Body.Bytes(), w.known[l.Digest]) {
			return d, fmt.Errorf("%s/%s lacks the blob %s: %d, %d bytes", repo, ref, l.Digest, rec.Code, rec.Body.Len())
		}
	}
	return d, nil
}

// check compares every destination with its entry in the report.
func (w *world) check(report *mirror.Report) {
	w.t.Helper()
	w.whole = map[string]bool{}
	for _, e := range report.Entries {
		got, err := w.holds(e.Destination)
		switch {
		case err != nil:
			w.t.Errorf("%s is reported as %s and is broken: %v", e.Destination, e.Outcome, err)
		case !e.Bad() && got != w.want[e.Destination]:
			w.t.Errorf("%s is reported as %s and is %q, not %s", e.Destination, e.Outcome, got, w.want[e.Destination])
		case e.Bad() != (e.Error != ""):
			w.t.Errorf("%s: outcome %s with the error %q", e.Destination, e.Outcome, e.Error)
		case strings.ContainsFunc(e.Error, func(r rune) bool { return r < ' ' }):
			w.t.Errorf("%s: control characters in %q", e.Destination, e.Error)
		case strings.Contains(e.Error, "s3cret") || strings.Contains(e.Error, "-mirror"):
			w.t.Errorf("%s: a secret in %q", e.Destination, e.Error)
		}
	}
}

func (w *world) plan(opts mirror.PlanOptions) *mirror.Plan {
	w.t.Helper()
	file := mapping.Parse("mapping_chaos", []byte(strings.Join(w.lines, "\n")+"\n"))
	plan, err := mirror.NewPlan([]*mapping.File{file}, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return plan
}

func (w *world) run(ctx context.Context, opts mirror.Options) *mirror.Report {
	w.t.Helper()
	report, err := mirror.Run(ctx, w.plan(mirror.PlanOptions{Backup: opts.Backup}), opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// newWorld makes the registries src.test, dst.test and other.test, images in
// the first, and the lines that mirror them; some destinations hold an older
// image already.
func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, dice: rand.New(rand.NewPCG(seed, 0)), net: NewNetwork(), sites: map[string]*site{},
		want: map[string]digest.Digest{}, known: map[digest.Digest][]byte{},
	}
	w.tls = w.dice.IntN(4) == 0
	for _, name := range []string{"src.test:8443", "dst.test:8443", "other.test:8443"} {
		w.sites[name] = &site{name: name, calm: strict.New(strict.Options{})}
	}
	return w
}

// layer makes a layer of its own.
func (w *world) layer(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(w.dice.Uint32())
	}
	return data
}

// fill makes n images and what to do with them.
func (w *world) fill(n int) {
	src := w.sites["src.test:8443"]
	for _, size := range []int{0, 20, 900, 5_000, 70_000, 150_000} {
		w.blobs = append(w.blobs, w.layer(size))
	}
	some := func() [][]byte {
		layers := [][]byte{w.layer(1 + w.dice.IntN(3_000))}
		for range w.dice.IntN(4) {
			if l := w.blobs[w.dice.IntN(len(w.blobs))]; !slices.ContainsFunc(layers, func(have []byte) bool { return bytes.Equal(have, l) }) {
				layers = append(layers, l)
			}
		}
		return layers
	}
	var child []descriptor
	for i := range n {
		repo, tag := fmt.Sprintf("ci/stream-%d", w.dice.IntN(3)), fmt.Sprintf("image-%d", i)
		var d descriptor
		switch {
		case i%6 == 5: // an index, in part of children that others have, too
			a, b := w.image(src, repo, "", some()...), w.image(src, repo, "", some()...)
			d = w.index(src, repo, tag, a, b)
			if len(child) > 0 && w.dice.IntN(2) == 0 {
				d = w.index(src, repo, tag, a, w.index(src, repo, "", b, a))
			}
			child = append(child, a)
		default:
			d = w.image(src, repo, tag, some()...)
		}
		line := src.name + "/" + repo + ":" + tag
		for k := range 1 + w.dice.IntN(3) {
			host := []string{"dst.test:8443", "dst.test:8443", "other.test:8443", "src.test:8443"}[w.dice.IntN(4)]
			to := fmt.Sprintf("%s/org/app-%d:v%d-%d", host, w.dice.IntN(5), i, k)
			line += " " + to
			w.want[to] = d.Digest
			if w.dice.IntN(5) == 0 {
				rest := strings.TrimPrefix(to, host+"/")
				repo, tag, _ := strings.Cut(rest, ":")
				w.image(w.sites[host], repo, tag, some()...)
			}
		}
		w.lines = append(w.lines, line)
	}
	for i := range 1 + w.dice.IntN(3) { // a wildcard
		d := w.image(src, "ci/wild", fmt.Sprintf("v%d", i), some()...)
		w.want[fmt.Sprintf("dst.test:8443/org/wild:v%d", i)] = d.Digest
	}
	w.lines = append(w.lines, src.name+"/ci/wild:v* dst.test:8443/org/wild")
}

// digestOf is the digest at the end of a request's path.
func digestOf(r *http.Request) digest.Digest {
	return digest.Digest(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
}
