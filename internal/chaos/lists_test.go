package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// lister is the API for the tags of one registry, with its fault.
type lister struct {
	w    *world
	site *site
	book ledger
	how  string
	dice *rand.Rand
	// behind is how old its lists are.
	behind time.Duration

	mu    sync.Mutex
	pages int
	lies  map[string]bool // by repository:tag, told without a sign that it may be wrong
	moved map[string]bool // tags that somebody else moved while the run went on
}

// The faults of lists. A client cannot detect the last three.
var listWays = []string{
	"right", "an old one, by its Age", "an old one, by its Date", "odd pages", "tags move between pages",
	"an old one", "as it should be", "tags are mixed up",
}

// quay puts the API before a handler.
func (l *lister) quay(h http.Handler) http.Handler {
	private, expires := l.dice.IntN(4) == 0, l.dice.IntN(4) == 0
	q := &testkit.Quay{
		PageSize: []int{3, 10, 100}[l.dice.IntN(3)], PerSecond: []int{0, 0, 0, 20}[l.dice.IntN(4)],
		Private: func(repo string) bool { return private && strings.HasSuffix(repo, "-1") },
		Expires: func(_, tag string) bool { return expires && strings.HasSuffix(tag, "4") },
	}
	switch l.how {
	case "an old one, by its Age":
		q.Edit, q.Head = l.old, func(h http.Header) { h.Set("Age", strconv.Itoa(int(l.behind/time.Second))) }
	case "an old one, by its Date": // dates are whole seconds, and so is what is behind
		l.behind = l.behind.Round(time.Second)
		q.Edit, q.Head = l.old, func(h http.Header) { h.Set("Date", time.Now().Add(-l.behind).UTC().Format(http.TimeFormat)) }
	case "odd pages":
		q.Edit = oddLists(l.dice.Uint64())
	case "tags move between pages":
		q.Edit = l.move
	case "an old one":
		q.Edit = func(repo string, p *testkit.QuayPage) { l.lie(repo, p, l.old) }
	case "as it should be":
		q.Edit = func(repo string, p *testkit.QuayPage) { l.lie(repo, p, l.wish) }
	case "tags are mixed up":
		q.Edit = func(repo string, p *testkit.QuayPage) { l.lie(repo, p, l.mix) }
	}
	return q.Wrap(h)
}

// lie records the tags that are wrong on a page.
func (l *lister) lie(repo string, p *testkit.QuayPage, change func(string, *testkit.QuayPage)) {
	before := map[string]string{}
	for _, t := range p.Tags {
		before[t.Name] = t.Digest
	}
	change(repo, p)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range p.Tags {
		if t.Digest != before[t.Name] {
			l.lies[repo+":"+t.Name] = true
		}
	}
}

// old returns earlier values of the tags.
func (l *lister) old(repo string, p *testkit.QuayPage) {
	then := time.Now().Add(-l.behind)
	for i, t := range p.Tags {
		p.Tags[i].Digest = l.book.at(repo, t.Name, then)
	}
	p.Tags = slices.DeleteFunc(p.Tags, func(t testkit.QuayTag) bool { return t.Digest == "" })
}

// wish gives each destination the image that it should have.
func (l *lister) wish(repo string, p *testkit.QuayPage) {
	for i, t := range p.Tags {
		if want, ok := l.w.want[l.site.name+"/"+repo+":"+t.Name]; ok {
			p.Tags[i].Digest = want.String()
		}
	}
}

// mix gives each tag the image of the next one.
func (l *lister) mix(_ string, p *testkit.QuayPage) {
	for i := range len(p.Tags) - 1 {
		p.Tags[i].Digest, p.Tags[i+1].Digest = p.Tags[i+1].Digest, p.Tags[i].Digest
	}
}

// move moves a tag, and pushes one that shifts all pages, after a page was made.
func (l *lister) move(repo string, p *testkit.QuayPage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(p.Tags) < 2 || l.pages > 10 || l.site.name == src {
		return
	}
	l.pages++
	tags := l.site.calm.Tags(repo)
	names := slices.Sorted(maps.Keys(tags))
	other := tags[names[l.dice.IntN(len(names))]]
	tag := p.Tags[l.dice.IntN(len(p.Tags))].Name
	l.moved[repo+":"+tag] = true
	for _, ref := range []string{tag, fmt.Sprintf("zz-%d", l.pages)} {
		body := l.w.known[digest.Digest(other)]
		if rec := l.site.ask(http.MethodPut, "/v2/"+repo+"/manifests/"+ref, registry.OCIManifest, body); rec.Code != http.StatusCreated {
			l.w.t.Errorf("%s: %d %s", ref, rec.Code, rec.Body)
		}
		l.book.note(repo, ref, other)
	}
}

// mirrored makes a world in which everything was mirrored some time ago: three
// repositories with many tags, some of which are in no mapping.
func (w *world) mirrored() {
	base := w.layer(500)
	for i := range 30 {
		repo, tag := fmt.Sprintf("ci/stream-%d", i%2), fmt.Sprintf("t%02d", i)
		d := w.image(w.sites[src], repo, tag, base, w.layer(50))
		line := fmt.Sprintf("%s/%s:%s", src, repo, tag)
		for _, at := range []string{dst, other}[:1+i%2] {
			to := fmt.Sprintf("%s/org/app-%d:v%d", at, i%3, i)
			w.want[to] = d.Digest
			w.image(w.sites[at], fmt.Sprintf("org/app-%d", i%3), fmt.Sprintf("other-%d", i), base)
			line += " " + to
		}
		w.lines = append(w.lines, line)
	}
	stop := w.serveAll(nil)
	defer stop()
	client := w.client(registry.Options{})
	defer client.Close()
	for _, e := range w.run(w.t.Context(), mirror.Options{Client: client}).Entries {
		if e.Outcome != mirror.Copied {
			w.t.Fatalf("%s: %s %s", e.Destination, e.Outcome, e.Error)
		}
	}
}

// serveAll starts all registries, each behind wrap where that is not nil.
func (w *world) serveAll(wrap func(s *site) http.Handler) (stop func()) {
	var stops []func()
	for _, name := range slices.Sorted(maps.Keys(w.sites)) {
		s, h := w.sites[name], http.Handler(w.sites[name].calm)
		if wrap != nil {
			h = wrap(s)
		}
		stops = append(stops, w.serve(name, h))
	}
	return func() {
		for _, s := range stops {
			s()
		}
	}
}

// drift moves some tags, of sources and of destinations, one after the other; the
// last ones right before it returns.
func (w *world) drift(dice *rand.Rand, books map[string]*lister) {
	to := slices.Sorted(maps.Keys(w.want))
	for i := range 8 {
		time.Sleep(time.Duration(dice.Int64N(int64(8 * time.Second))))
		if i == 7 { // an older date is a second older
			time.Sleep(time.Second - time.Duration(time.Now().Nanosecond()))
		}
		name := to[dice.IntN(len(to))]
		ref := name
		if dice.IntN(2) == 0 {
			ref = w.sourceOf(name)
		}
		host, rest, _ := strings.Cut(ref, "/")
		repo, tag, _ := strings.Cut(rest, ":")
		d := w.image(w.sites[host], repo, tag, w.layer(60))
		books[host].book.note(repo, tag, d.Digest.String())
		for _, line := range w.lines {
			if f := strings.Fields(line); f[0] == ref {
				for _, name := range f[1:] {
					w.want[name] = d.Digest
				}
			}
		}
	}
}

// sourceOf gives the source of a destination.
func (w *world) sourceOf(destination string) string {
	for _, line := range w.lines {
		if f := strings.Fields(line); slices.Contains(f[1:], destination) {
			return f[0]
		}
	}
	return ""
}

// listTally adds up the results of the seeds of lists.
type listTally struct {
	tally
	listed, wrong int            // entries from a list, and those with a wrong value
	ways          map[string]int // registries by what is wrong with their lists
}

// TestChaosLists runs the engine against registries with wrong lists of tags,
// while requests fail. A tag that changed before the run is never reported as
// unchanged, unless a fault of the list cannot be detected; then a run without
// lists finds it.
func TestChaosLists(t *testing.T) {
	y := &listTally{tally: *newTally(), ways: map[string]int{}}
	n := seeds(t, 25, func(t *testing.T, seed uint64) { chaosLists(t, seed, y) })
	t.Logf("%d seeds; %d requests; entries: %v, %d of them by a list, %d wrong because their list was; lists: %v",
		y.seeds, y.requests, y.outcomes, y.listed, y.wrong, y.ways)
	if n >= 40 && (y.listed == 0 || y.wrong == 0 || len(y.ways) != len(listWays)) {
		t.Error("the seeds did not come upon everything that they are for")
	}
}

func chaosLists(t *testing.T, seed uint64, y *listTally) {
	w := newWorld(t, seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	w.mirrored()
	listers := map[string]*lister{}
	for _, name := range slices.Sorted(maps.Keys(w.sites)) {
		l := &lister{w: w, site: w.sites[name], how: listWays[dice.IntN(len(listWays))], dice: rand.New(rand.NewPCG(seed, dice.Uint64()))}
		l.lies, l.moved = map[string]bool{}, map[string]bool{}
		l.behind = 10*time.Second + time.Duration(dice.Int64N(int64(time.Second)))
		for _, repo := range []string{"ci/stream-0", "ci/stream-1", "org/app-0", "org/app-1", "org/app-2"} {
			l.book.notes(l.site.calm, repo)
		}
		listers[name] = l
	}
	time.Sleep(time.Minute)
	w.drift(dice, listers)
	rate, listRate := []float64{0, 0, 0.02, 0.1}[dice.IntN(4)], []float64{0, 0.3}[dice.IntN(2)]
	stop := w.serveAll(func(s *site) http.Handler {
		l := listers[s.name]
		h := l.quay(l.book.Wrap(s.calm))
		s.injector = &Injector{Seed: seed, Kinds: some(dice), Rate: rate}
		all, lists := s.injector.Wrap(h), (&Injector{Seed: seed, Rate: listRate}).Wrap(h)
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if testkit.Class(r) == "listing" {
				lists.ServeHTTP(rw, r)
				return
			}
			all.ServeHTTP(rw, r)
		})
	})
	defer stop()
	opts := mirror.Options{Lists: true, Mode: []mirror.Mode{mirror.ModeRun, mirror.ModeRun, mirror.ModeCheck, mirror.ModePlan}[dice.IntN(4)]}
	g := w.guard(seed, &opts)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := w.client(registry.Options{})
	opts.Client = client
	report := w.run(ctx, opts)
	for _, l := range listers {
		for ref := range l.moved {
			delete(g.before, l.site.name+"/"+ref) // not by the run
		}
	}
	g.check(report)
	wrong := map[string]bool{}
	for _, e := range report.Entries {
		l := listers[hostOf(e.Destination)]
		got, err := w.holds(e.Destination)
		switch same := got == w.want[e.Destination]; {
		case err != nil:
			t.Errorf("%s is reported as %s and is broken: %v", e.Destination, e.Outcome, err)
		case same || e.Bad() || l.moved[afterHost(e.Destination)] || opts.Mode != mirror.ModeRun && e.Outcome != mirror.Unchanged:
		case e.Outcome == mirror.Unchanged && e.Look != mirror.LookProtocol && l.lies[afterHost(e.Destination)],
			e.Outcome == mirror.Unchanged && e.SourceLook != mirror.LookProtocol && listers[src].lies[afterHost(e.Source)]:
			wrong[e.Destination] = true
		default:
			t.Errorf("%s is reported as %s (by %s) and is %s, not %s", e.Destination, e.Outcome, e.Look, got, w.want[e.Destination])
		}
	}
	client.Close()
	time.Sleep(time.Hour)
	synctest.Wait()
	w.secondLook(listers, wrong)
	y.note(report, listers, len(wrong))
	if t.Failed() {
		for name, l := range listers {
			t.Logf("%s: lists: %s; %v", name, l.how, l.site.injector.Hits())
		}
	}
}

// secondLook checks and mirrors without lists, which finds and repairs what was
// wrong because of a list.
func (w *world) secondLook(listers map[string]*lister, wrong map[string]bool) {
	for _, l := range listers {
		l.site.injector.Calm(true)
	}
	client := w.client(registry.Options{})
	defer client.Close()
	for _, e := range w.run(w.t.Context(), mirror.Options{Client: client, Mode: mirror.ModeCheck}).Entries {
		if wrong[e.Destination] && e.Outcome != mirror.Differs {
			w.t.Errorf("a check without lists does not find that %s differs: %s", e.Destination, e.Outcome)
		}
	}
	report := w.run(w.t.Context(), mirror.Options{Client: client})
	w.check(report)
	for _, e := range report.Entries {
		if e.Bad() {
			w.t.Errorf("the next run, with all registries well, does not bring %s: %s", e.Destination, e.Error)
		}
	}
}

func (y *listTally) note(report *mirror.Report, listers map[string]*lister, wrong int) {
	y.add(nil, report, 0)
	y.mu.Lock()
	defer y.mu.Unlock()
	y.wrong += wrong
	for _, l := range listers {
		y.ways[l.how]++
	}
	for _, e := range report.Entries {
		if e.Outcome == mirror.Unchanged && e.Look != mirror.LookProtocol {
			y.listed++
		}
	}
}

func hostOf(ref string) string {
	host, _, _ := strings.Cut(ref, "/")
	return host
}

func afterHost(ref string) string {
	_, rest, _ := strings.Cut(ref, "/")
	return rest
}
