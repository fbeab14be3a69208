package chaos

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// peer is a program that copies images: all entries in one call, or one entry
// in each of several calls at a time.
type peer struct {
	name string
	all  func(dir string, entries [][2]string) *exec.Cmd
	one  func(from, to string) *exec.Cmd
}

func peers(t *testing.T) []peer {
	mirror := filepath.Join(t.TempDir(), "mirror")
	build := exec.Command("go", "build", "-o", mirror, "./cmd/mirror")
	build.Dir = testkit.Root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	bin := func(name string) string { return filepath.Join(testkit.Root(), "bin", name) }
	for _, program := range []string{bin("peer-crane"), bin("peer-regsync"), "skopeo"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: make compare-faults builds all but Debian's package skopeo", err)
		}
	}
	write := func(dir, name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return []peer{
		{name: "mirror", all: func(dir string, entries [][2]string) *exec.Cmd {
			text := ""
			for _, e := range entries {
				text += e[0] + " " + e[1] + "\n"
			}
			return exec.Command(mirror, "run", "-q", "-f", write(dir, "mapping_compare", text))
		}},
		{name: "regsync", all: func(dir string, entries [][2]string) *exec.Cmd {
			text := "version: 1\ncreds:\n"
			for _, e := range entries[:1] {
				for _, ref := range e {
					host, _, _ := strings.Cut(ref, "/")
					text += fmt.Sprintf("- {registry: %q, tls: disabled, reqConcurrent: 8}\n", host)
				}
			}
			text += "defaults: {parallel: 8, skipDockerConfig: true, interval: 60m}\nsync:\n"
			for _, e := range entries {
				text += fmt.Sprintf("- {source: %q, target: %q, type: image}\n", e[0], e[1])
			}
			return exec.Command(bin("peer-regsync"), "once", "-c", write(dir, "regsync.yml", text))
		}},
		{name: "crane", one: func(from, to string) *exec.Cmd { return exec.Command(bin("peer-crane"), "copy", from, to) }},
		{name: "skopeo", one: func(from, to string) *exec.Cmd {
			return exec.Command("skopeo", "--insecure-policy", "copy", "-q", "--all", "--preserve-digests",
				"--src-tls-verify=false", "--dest-tls-verify=false", "docker://"+from, "docker://"+to)
		}},
	}
}

// run calls the peer for all entries, for two minutes at most.
func (p peer) run(t *testing.T, entries [][2]string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	call := func(cmd *exec.Cmd) {
		limited := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
		limited.Err = cmd.Err
		if out, err := limited.CombinedOutput(); err != nil && os.Getenv("MIRROR_COMPARE") == "verbose" {
			t.Logf("%s: %v: %.600s", p.name, err, out)
		}
	}
	if p.all != nil {
		call(p.all(t.TempDir(), entries))
		return
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, e := range entries {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			call(p.one(e[0], e[1]))
		})
	}
	wg.Wait()
}

// column is a way in which both registries of a comparison fail.
type column struct {
	title string
	wrap  func(seed uint64, target bool, store string, h http.Handler) http.Handler
}

// spoils returns a column in which a share of the requests fails at random.
func spoils(title string, rate float64, kinds []*Kind) column {
	return column{title, func(seed uint64, target bool, store string, h http.Handler) http.Handler {
		if target {
			seed += 1000
		}
		return (&Injector{Seed: seed, Rate: rate, Kinds: kinds, CDN: store}).Wrap(h)
	}}
}

func columns() []column {
	kinds := slices.DeleteFunc(Named(passing...), func(k *Kind) bool {
		return strings.HasPrefix(k.Name, "stall") || strings.HasSuffix(k.Name, "seconds")
	})
	odd := Named("gzip", "x-gzip", "upload is said to be unknown", "upload is unknown after it was stored",
		"redirect of a write", "redirect to a store that refuses", "redirect to the CDN")
	return []column{
		spoils("no faults", 0, kinds), spoils("1 %", 0.01, kinds), spoils("5 %", 0.05, kinds), spoils("10 %", 0.1, kinds),
		{"429 for 3 s of 10", func(_ uint64, _ bool, _ string, h http.Handler) http.Handler { return limited(h) }},
		spoils("odd answers, 10 %", 0.1, odd),
		{"late", func(seed uint64, target bool, _ string, h http.Handler) http.Handler {
			if target {
				return (&Late{Seed: seed}).Wrap(h)
			}
			return h
		}},
	}
}

// limited answers 429 for three seconds of ten, from the hundredth request on.
func limited(h http.Handler) http.Handler {
	var n, start atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 100 {
			start.Store(time.Now().UnixNano())
		}
		if at := start.Load(); at != 0 && time.Since(time.Unix(0, at))%(10*time.Second) < 3*time.Second {
			tooMany(w, "2")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// stage has two registries of a comparison and the entries to copy.
type stage struct {
	to      *strict.Registry
	servers []*httptest.Server
	counts  []*testkit.Recorder
	entries [][2]string
	want    map[string]string // digest by repository
}

func newStage(c column, images int, seed uint64) *stage {
	from, to := strict.New(strict.Options{}), strict.New(strict.Options{})
	s := &stage{to: to, want: map[string]string{}}
	base := []v1.Descriptor{from.Blob("ci/stream", bytesOf(1, 100_000)), from.Blob("ci/stream", bytesOf(2, 30_000))}
	var at []string
	for i, g := range []*strict.Registry{from, to} {
		store, count := httptest.NewServer(Store(g)), &testkit.Recorder{}
		server := httptest.NewServer(count.Wrap(c.wrap(seed, i == 1, store.URL, g)))
		s.servers, s.counts = append(s.servers, store, server), append(s.counts, count)
		at = append(at, server.Listener.Addr().String())
	}
	for n := range images {
		own := from.Blob("ci/stream", bytesOf(uint64(100+n), 5_000))
		d := from.Image("ci/stream", fmt.Sprint("i", n), fmt.Sprint(n), append(base[:2:2], own)...)
		repo := fmt.Sprintf("org/app-%d", n)
		s.want[repo] = d.Digest.String()
		s.entries = append(s.entries, [2]string{fmt.Sprintf("%s/ci/stream:i%d", at[0], n), fmt.Sprintf("%s/%s:v1", at[1], repo)})
	}
	return s
}

// end stops the registries and returns the numbers of entries that arrived and of
// requests.
func (s *stage) end() (arrived, requests int) {
	for repo, digest := range s.want {
		if s.to.Tags(repo)["v1"] == digest {
			arrived++
		}
	}
	for _, server := range s.servers {
		server.CloseClientConnections()
		server.Close()
	}
	for _, c := range s.counts {
		requests += c.Count()
	}
	return arrived, requests
}

// TestCompare counts how many of some entries each program copies in one run under
// the same faults, and prints the table of tools/bench/README.md. It runs with
// MIRROR_COMPARE=1 (make compare-faults).
func TestCompare(t *testing.T) {
	if os.Getenv("MIRROR_COMPARE") == "" {
		t.Skip("compares with other programs: make compare-faults")
	}
	const images, seeds = 50, 2
	fmt.Printf("| of %d entries |", images*seeds)
	for _, c := range columns() {
		fmt.Printf(" %s |", c.title)
	}
	fmt.Println("\n|---" + strings.Repeat("|---", len(columns())) + "|")
	for _, p := range peers(t) {
		row := "| `" + p.name + "`"
		for _, c := range columns() {
			arrived, requests := 0, 0
			for seed := range uint64(seeds) {
				s := newStage(c, images, seed)
				p.run(t, s.entries)
				n, asked := s.end()
				arrived, requests = arrived+n, requests+asked
				if holes := s.to.Holes(); len(holes) > 0 {
					t.Errorf("%s left incomplete images: %q", p.name, holes)
				}
			}
			row += fmt.Sprintf(" | %d (%d requests)", arrived, requests)
		}
		fmt.Println(row + " |")
	}
}

// bytesOf returns bytes that follow from a seed.
func bytesOf(seed uint64, n int) []byte {
	return (&world{dice: (&Injector{Seed: seed}).dice("", 0)}).layer(n)
}
