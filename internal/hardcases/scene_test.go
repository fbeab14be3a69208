package hardcases

import (
	"context"
	"crypto/x509"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// scene has two strict registries and the faults before them.
type scene struct {
	*testing.T
	src, dst       *strict.Registry
	srcLog, dstLog testkit.Recorder
	from, to       *testkit.Registry // as the mirror sees them
	realFrom, real *testkit.Registry // as they are

	client   registry.Options
	options  mirror.Options
	authFile string
	clock    fakeClock
}

func newScene(t *testing.T, src, dst strict.Options) *scene {
	return between(t, strict.New(src), strict.New(dst))
}

// again is a scene with the same source and a new destination.
func (s *scene) again(dst strict.Options) *scene { return between(s.T, s.src, strict.New(dst)) }

func between(t *testing.T, src, dst *strict.Registry) *scene {
	s := &scene{T: t, src: src, dst: dst}
	s.from, s.to = src.Serve(t, s.srcLog.Wrap), dst.Serve(t, s.dstLog.Wrap)
	s.realFrom, s.real = s.from, s.to
	t.Cleanup(func() {
		if holes := dst.Holes(); len(holes) > 0 {
			t.Errorf("tags of what is not whole: %v", holes)
		}
	})
	s.clock.now = time.Now()
	s.client = registry.Options{Retry: retry.Policy{Attempts: 4}, Idle: 20 * time.Second, Clock: s.clock.clock()}
	return s
}

// fakeClock advances only by sleeps, which it records.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) clock() throttle.Clock {
	return throttle.Clock{
		Now: func() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.now = c.now.Add(d)
			c.slept = append(c.slept, d)
			return ctx.Err()
		},
	}
}

// longest is the longest sleep so far.
func (c *fakeClock) longest() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := time.Duration(0)
	for _, d := range c.slept {
		most = max(most, d)
	}
	return most
}

// run mirrors lines in which $src and $dst stand for the registries.
func (s *scene) run(lines ...string) *mirror.Report {
	s.Helper()
	text := strings.NewReplacer("$src", s.from.Host, "$dst", s.to.Host).Replace(strings.Join(lines, "\n") + "\n")
	plan, err := mirror.NewPlan([]*mapping.File{mapping.Parse("mapping_test", []byte(text))}, mirror.PlanOptions{})
	if err != nil {
		s.Fatal(err)
	}
	options, client := s.options, s.client
	if s.authFile == "" {
		s.authFile = testkit.AuthFile(s.from, s.to)
	}
	if client.Keychain, err = credentials.ParseConfig("test", []byte(s.authFile), nil); err != nil {
		s.Fatal(err)
	}
	client.Roots = x509.NewCertPool()
	for _, r := range []*testkit.Registry{s.from, s.to} {
		if pem, err := os.ReadFile(r.CAFile); err == nil {
			client.Roots.AppendCertsFromPEM(pem)
		}
	}
	options.Client = registry.New(client)
	defer options.Client.Close()
	report, err := mirror.Run(s.Context(), plan, options)
	if err != nil {
		s.Fatal(err)
	}
	return report
}

// entry runs one line and returns the result of its destination.
func (s *scene) entry(line string) mirror.Entry {
	s.Helper()
	return s.run(line).Entries[0]
}

// copied runs lines "$src/REPO:TAG $dst/REPO:TAG…" (or @DIGEST), checks that
// every destination was copied, and compares each with its source byte by byte.
func (s *scene) copied(lines ...string) *mirror.Report {
	s.Helper()
	report := s.run(lines...)
	s.want(report, mirror.Copied)
	s.same(report)
	return report
}

// want checks that all entries have one outcome.
func (s *scene) want(report *mirror.Report, outcome mirror.Outcome) {
	s.Helper()
	if len(report.Entries) == 0 {
		s.Error("no entries")
	}
	for _, e := range report.Entries {
		if e.Outcome != outcome {
			s.Errorf("%s: %s, want %s: %s (%s)", e.Destination, e.Outcome, outcome, e.Error, e.Cause)
		}
	}
}

// same compares the destinations in a report with their sources.
func (s *scene) same(report *mirror.Report) {
	s.Helper()
	for _, e := range report.Entries {
		from, to := s.path(e.Source), s.path(e.Destination)
		if e.Digest != "" { // the source's tag may have moved since
			repo, _, _ := strings.Cut(strings.Split(from, "@")[0], ":")
			from = repo + "@" + e.Digest
		}
		if !strings.Contains(to, ":") {
			to += "@" + e.Digest
		}
		if _, err := testkit.CompareImages(s.realFrom, from, s.real, to); err != nil {
			s.Errorf("%s: %v", e.Destination, err)
		}
	}
}

func (s *scene) path(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, s.from.Host+"/"), s.to.Host+"/")
}

// failed checks that an entry failed with a cause, that its error has all the
// texts, and that its tag was not written.
func (s *scene) failed(e mirror.Entry, cause mirror.Cause, texts ...string) {
	s.Helper()
	if e.Outcome != mirror.Failed || e.Cause != cause {
		s.Errorf("%s: %s (%s), want it to fail (%s): %s", e.Destination, e.Outcome, e.Cause, cause, e.Error)
	}
	for _, text := range texts {
		if !strings.Contains(e.Error, text) {
			s.Errorf("%q is not in the error: %s", text, e.Error)
		}
	}
	if path := s.path(e.Destination); strings.Contains(path, ":") && s.real.Digest(path) != "" {
		s.Errorf("%s was written", e.Destination)
	}
}

// image pushes an image with one layer of n bytes to the source.
func (s *scene) image(repo, tag string, n int) v1.Descriptor {
	return s.src.Image(repo, tag, repo+tag, s.src.Blob(repo, noise(repo+tag, n)))
}

// noise is n bytes that follow from a text and do not compress.
func noise(seed string, n int) []byte {
	var key [32]byte
	copy(key[:], seed)
	data := make([]byte, n)
	rand.NewChaCha8(key).Read(data)
	return data
}

// answer makes a fault that answers requests of a class with a status, the
// first times times (always when 0).
func answer(class string, times int, respond http.HandlerFunc) func(http.ResponseWriter, *http.Request, string, int) bool {
	return func(w http.ResponseWriter, r *http.Request, have string, n int) bool {
		if have != class || times > 0 && n >= times {
			return false
		}
		respond(w, r)
		return true
	}
}

// status answers with nothing but a status.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}
