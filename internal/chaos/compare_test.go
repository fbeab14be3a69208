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
			return exec.Command("regsync", "once", "-c", write(dir, "regsync.yml", text))
		}},
		{name: "crane", one: func(from, to string) *exec.Cmd { return exec.Command("crane", "copy", from, to) }},
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

// TestCompare counts how many of some entries each program brings over in one
// run under the same faults, and prints the table of tools/bench/README.md. It
// runs with MIRROR_COMPARE=1 (make compare-faults), and needs crane, regsync
// and skopeo on PATH.
func TestCompare(t *testing.T) {
	if os.Getenv("MIRROR_COMPARE") == "" {
		t.Skip("compares with other programs: make compare-faults")
	}
	all := peers(t)
	for _, p := range all[1:] {
		if _, err := exec.LookPath(p.name); err != nil {
			t.Fatalf("%v: put crane, regsync and skopeo on PATH", err)
		}
	}
	const images, seeds = 50, 2
	kinds := slices.DeleteFunc(Named(passing...), func(k *Kind) bool {
		return strings.HasPrefix(k.Name, "stall") || strings.HasSuffix(k.Name, "seconds")
	})
	limited := func(h http.Handler) http.Handler { // three seconds in ten, from the hundredth request on
		var n, start atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) == 100 {
				start.Store(time.Now().UnixNano())
			}
			if at := start.Load(); at != 0 && time.Since(time.Unix(0, at))%(10*time.Second) < 3*time.Second {
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	fmt.Printf("| of %d entries | quiet | 1 %% | 5 %% | 10 %% | 429 for 3 s of 10 |\n|---|---|---|---|---|---|\n", images*seeds)
	for _, p := range all {
		row := "| `" + p.name + "`"
		for _, rate := range []float64{0, 0.01, 0.05, 0.1, -1} {
			arrived, requests := 0, int64(0)
			for seed := range uint64(seeds) {
				from, to := strict.New(strict.Options{}), strict.New(strict.Options{})
				base := []v1.Descriptor{from.Blob("ci/stream", bytesOf(1, 100_000)), from.Blob("ci/stream", bytesOf(2, 30_000))}
				var servers [2]*httptest.Server
				var count [2]*testkit.Recorder
				for i, g := range []*strict.Registry{from, to} {
					count[i] = &testkit.Recorder{}
					h := http.Handler(g)
					if rate < 0 {
						h = limited(h)
					} else {
						h = (&Injector{Seed: 2*seed + uint64(i), Rate: rate, Kinds: kinds}).Wrap(h)
					}
					servers[i] = httptest.NewServer(count[i].Wrap(h))
				}
				var entries [][2]string
				want := map[string]string{}
				for n := range images {
					own := from.Blob("ci/stream", bytesOf(uint64(100+n), 5_000))
					d := from.Image("ci/stream", fmt.Sprint("i", n), fmt.Sprint(n), append(base[:2:2], own)...)
					repo := fmt.Sprintf("org/app-%d", n)
					want[repo] = d.Digest.String()
					entries = append(entries, [2]string{
						fmt.Sprintf("%s/ci/stream:i%d", servers[0].Listener.Addr(), n), fmt.Sprintf("%s/%s:v1", servers[1].Listener.Addr(), repo),
					})
				}
				p.run(t, entries)
				for repo, digest := range want {
					if to.Tags(repo)["v1"] == digest {
						arrived++
					}
				}
				if holes := to.Holes(); len(holes) > 0 {
					t.Errorf("%s left incomplete images: %q", p.name, holes)
				}
				for i := range servers {
					servers[i].CloseClientConnections()
					servers[i].Close()
					requests += int64(count[i].Count())
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
