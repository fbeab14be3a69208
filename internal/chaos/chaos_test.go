package chaos

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// tally adds up the results of the seeds of a suite.
type tally struct {
	mu       sync.Mutex
	seeds    int
	requests int64
	faults   map[string]int
	outcomes map[mirror.Outcome]int
	longest  time.Duration
}

func newTally() *tally {
	return &tally{faults: map[string]int{}, outcomes: map[mirror.Outcome]int{}}
}

func (y *tally) add(hits map[string]int, r *mirror.Report, took time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.seeds++
	y.requests += r.Requests
	y.longest = max(y.longest, took)
	for k, n := range hits {
		y.faults[k] += n
	}
	for o, n := range r.Summary {
		y.outcomes[o] += n
	}
}

// fewSeeds is how many seeds make test runs.
const fewSeeds = 40

// rates are the shares of its requests that a registry spoils.
var rates = [...]float64{0.01, 0.05, 0.1, 0.2, 0.4}

// TestChaos runs the engine once for each seed against registries that spoil
// requests, and compares the report with the destinations.
func TestChaos(t *testing.T) {
	y := newTally()
	start := time.Now()
	n := seeds(t, fewSeeds, func(t *testing.T, seed uint64) { chaos(t, seed, y) })
	total := 0
	for _, k := range slices.Sorted(maps.Keys(y.faults)) {
		t.Logf("%7d  %s", y.faults[k], k)
		total += y.faults[k]
	}
	t.Logf("%d seeds, %.1f a second; %d requests, %d of them spoilt in %d ways; entries: %v; the longest run took %v of its own time",
		y.seeds, float64(y.seeds)/time.Since(start).Seconds(), y.requests, total, len(y.faults), y.outcomes, y.longest)
	for _, k := range Kinds() {
		if y.faults[k.Name] == 0 && n >= 500 {
			t.Errorf("no seed used the fault %q", k.Name)
		}
	}
	if len(Kinds()) < 40 {
		t.Errorf("%d kinds of faults", len(Kinds()))
	}
}

// seeds runs a test for each of some seeds, in a bubble of its own: for
// MIRROR_CHAOS_SEEDS seeds (default: n) from MIRROR_CHAOS_FIRST (default: 1)
// on, or for the one of MIRROR_CHAOS_SEED. It returns the number of seeds.
func seeds(t *testing.T, n uint64, f func(t *testing.T, seed uint64)) uint64 {
	first := uint64(1)
	if v := os.Getenv("MIRROR_CHAOS_SEEDS"); v != "" {
		n = number(t, v)
	}
	if v := os.Getenv("MIRROR_CHAOS_FIRST"); v != "" {
		first = number(t, v)
	}
	if v := os.Getenv("MIRROR_CHAOS_SEED"); v != "" {
		first, n = number(t, v), 1
	}
	log.SetOutput(io.Discard) // net/http logs responses without a request
	defer log.SetOutput(os.Stderr)
	name := t.Name()
	t.Run("seeds", func(t *testing.T) {
		for seed := first; seed < first+n; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { f(t, seed) })
				if t.Failed() {
					t.Logf("to see this again: MIRROR_CHAOS_SEED=%d go test ./internal/chaos -run '%s$'", seed, name)
				}
			})
		}
	})
	return n
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// patience is how long a run of a few images may take in its own time.
const patience = 12 * time.Hour

func chaos(t *testing.T, seed uint64, y *tally) {
	w := newWorld(t, seed)
	w.fill(20)
	dice := rand.New(rand.NewPCG(seed, 1))
	var stops []func()
	var injectors []*Injector
	for _, name := range slices.Sorted(maps.Keys(w.sites)) {
		s := w.sites[name]
		cdn := "cdn-" + name
		stops = append(stops, w.serve(cdn, Store(s.calm)))
		s.injector = &Injector{
			Seed: seed, Kinds: some(dice), CDN: w.scheme() + "://" + cdn,
			Rate:  rates[dice.IntN(len(rates))],
			Stuck: []float64{0, 0, 0.01, 0.03}[dice.IntN(4)],
		}
		injectors = append(injectors, s.injector)
		var h http.Handler = s.calm
		if dice.IntN(3) == 0 {
			h = (&Late{Seed: dice.Uint64()}).Wrap(h)
		}
		h = (&testkit.Quay{Edit: oddLists(dice.Uint64())}).Wrap(h)
		stops = append(stops, w.serve(name, s.injector.Wrap(w.guarded(s, h, dice.IntN(4)))))
	}
	retry := retry.Policy{}
	client := w.client(registry.Options{Retry: retry, MaxPerHost: 1 + dice.IntN(16)})
	opts := mirror.Options{Client: client, Deep: dice.IntN(4) == 0, Force: dice.IntN(8) == 0, SkipMount: dice.IntN(8) == 0, Lists: dice.IntN(2) == 0}
	g := w.guard(seed, &opts)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	report := w.run(ctx, opts)
	took := time.Since(began)
	if took >= patience {
		t.Errorf("the run was still going after %v", took)
	}
	w.check(report)
	g.check(report)
	hits := map[string]int{}
	for _, in := range injectors {
		for k, n := range in.Hits() {
			hits[k] += n
		}
		in.Calm(true)
	}
	y.add(hits, report, took)
	client.Close()
	time.Sleep(time.Hour) // a server that has not read a request does not see that the client is gone
	synctest.Wait()
	if n := w.net.Open(); n != 0 {
		t.Errorf("%d ends of connections are open after the run", n)
	}

	// The next run without faults copies the rest.
	again := w.client(registry.Options{Retry: retry})
	opts = mirror.Options{Client: again, Deep: opts.Deep}
	report = w.run(ctx, opts)
	w.check(report)
	for _, e := range report.Entries {
		if e.Bad() {
			t.Errorf("the next run, with all registries well, does not bring %s: %s", e.Destination, e.Error)
		}
	}
	again.Close()
	for _, stop := range stops {
		stop()
	}
	if t.Failed() {
		for name, s := range w.sites {
			t.Logf("%s: rate %.2f, stuck %.2f, %v", name, s.injector.Rate, s.injector.Stuck, s.injector.Hits())
		}
		t.Log(strings.Join(w.lines, "\n"))
	}
}

// guarded requires a token for a password or an identity token, which may
// change after each use, or lets everybody in.
func (w *world) guarded(s *site, h http.Handler, how int) http.Handler {
	account := strict.Account{User: "mirror", Password: "s3cret", Pull: []string{"ci", "org"}, Push: []string{"org"}}
	switch how {
	case 0, 1:
		return h
	case 2:
		account.IdentityToken = "identity-0-mirror"
	}
	s.tokens = &strict.Tokens{Accounts: []strict.Account{account}, Rotate: true}
	s.injector.Revoke = s.tokens.Expire
	return s.tokens.Wrap(h)
}

// some chooses the kinds of one registry: all, or a few, so that rare ones also
// occur together.
func some(dice *rand.Rand) []*Kind {
	all := Kinds()
	if dice.IntN(3) == 0 {
		return all
	}
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:len(all)/4]
}

// oddLists spoils the pages of a registry's own lists, each in a way that
// follows from a seed: truncated, shuffled, duplicated, with invalid digests,
// or endless.
func oddLists(seed uint64) func(string, *testkit.QuayPage) {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(seed, 2))
	return func(_ string, page *testkit.QuayPage) {
		mu.Lock()
		defer mu.Unlock()
		n := len(page.Tags)
		if n == 0 {
			return
		}
		switch dice.IntN(8) {
		case 0:
			page.Tags, page.More = page.Tags[:n/2], dice.IntN(2) == 0
		case 1:
			dice.Shuffle(n, func(i, j int) { page.Tags[i], page.Tags[j] = page.Tags[j], page.Tags[i] })
		case 2:
			other := page.Tags[0]
			other.Digest = "sha256:" + strings.Repeat("5", 64)
			page.Tags = append(page.Tags, other)
		case 3:
			page.Tags[dice.IntN(n)].Digest = "sha256:none"
		case 4:
			page.Tags, page.More = nil, true
		case 5:
			page.More = true
		case 6:
			page.Tags[dice.IntN(n)].Digest = ""
		}
	}
}
