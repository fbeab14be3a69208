package mirror_test

import (
	"crypto/x509"
	"os"
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

// client returns a client with the passwords of the test's registries.
func client(t testing.TB, registries ...*testkit.Registry) *registry.Client {
	t.Helper()
	keychain, err := credentials.ParseConfig("test", []byte(testkit.AuthFile(registries...)), nil)
	if err != nil {
		t.Fatal(err)
	}
	opts := registry.Options{Keychain: keychain, Retry: retry.Policy{Attempts: 4, Base: time.Millisecond, Max: 5 * time.Millisecond}, Idle: 20 * time.Second}
	roots := x509.NewCertPool()
	for _, r := range registries {
		if r.CAFile == "" {
			continue
		}
		pem, err := os.ReadFile(r.CAFile)
		if err != nil || !roots.AppendCertsFromPEM(pem) {
			t.Fatalf("%s: %v", r.CAFile, err)
		}
		opts.Roots = roots
	}
	c := registry.New(opts)
	t.Cleanup(c.Close)
	return c
}

// plan parses lines in which $src and $dst stand for the two registries.
func plan(t testing.TB, src, dst *testkit.Registry, lines ...string) *mirror.Plan {
	t.Helper()
	text := strings.NewReplacer("$src", src.Host, "$dst", dst.Host).Replace(strings.Join(lines, "\n") + "\n")
	p, err := mirror.NewPlan([]*mapping.File{mapping.Parse("mapping_test", []byte(text))}, mirror.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t testing.TB, p *mirror.Plan, opts mirror.Options) *mirror.Report {
	t.Helper()
	report, err := mirror.Run(t.Context(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	if opts.Platform == nil { // else not all of it is there
		verify(t, report)
	}
	return report
}

// verify compares everything below each mirrored destination with its source.
func verify(t testing.TB, report *mirror.Report) {
	t.Helper()
	for _, e := range report.Entries {
		if e.Outcome != mirror.Copied && e.Outcome != mirror.Repaired {
			continue
		}
		to := e.Destination
		if !strings.Contains(to[strings.LastIndexByte(to, '/'):], ":") {
			to += "@" + e.Digest
		}
		if n, err := testkit.CompareReferences(e.Source, to); err != nil || n < 2 {
			t.Errorf("%s: %d manifests and blobs compared: %v", e.Destination, n, err)
		}
	}
}

// wantSummary checks the number of entries with each outcome.
func wantSummary(t testing.TB, r *mirror.Report, want map[mirror.Outcome]int) {
	t.Helper()
	for o, n := range want {
		if r.Summary[o] != n {
			t.Errorf("%d %s, want %d", r.Summary[o], o, n)
		}
	}
	total := 0
	for _, n := range want {
		total += n
	}
	if len(r.Entries) != total {
		t.Errorf("%d entries, want %d", len(r.Entries), total)
	}
	if t.Failed() {
		for _, e := range r.Entries {
			if e.Error != "" {
				t.Logf("%s: %s (%s)", e.Destination, e.Error, e.Cause)
			}
		}
	}
}
