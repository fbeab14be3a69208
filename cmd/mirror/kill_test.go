package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// kills is how many runs TestKilledAtAnyMoment kills. $MIRROR_KILLS asks for
// another number, as make test-kill does.
const kills = 40

// world is a source whose images move on, and a destination that outlives the
// runs. Both strictly follow the specification, so that an incomplete tag is
// refused and counted.
type world struct {
	t        *testing.T
	source   *strict.Registry
	dest     *strict.Registry
	mapping  string
	ever     map[string]map[string]bool // what each destination tag may hold
	now      map[string]string          // what it is to hold
	at       map[string]string          // source of a destination
	round    int
	mu       sync.Mutex
	sent     map[string]int // "repository digest": how often a blob was completed
	refusals []string
	written  int // blobs and manifests
	asked    int // requests since until was called
	limit    int
	reached  chan struct{}
}

// careful are flags with which a tag that moves takes several writes. A tag that
// is not known to be ours because a run was killed between two of them would
// make the next run fail.
var careful = []string{"--overwrite", "changed-by-us", "--backup", "{{.Tag}}-{{.Digest}}"}

// answerAfter is how long the registries take for each answer, so that a run
// takes long enough to be killed in the middle.
const answerAfter = 2 * time.Millisecond

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, source: strict.New(strict.Options{}), dest: strict.New(strict.Options{}),
		ever: map[string]map[string]bool{}, now: map[string]string{}, at: map[string]string{}, sent: map[string]int{},
	}
	source := &testkit.Recorder{Fault: w.request}
	dest := &testkit.Recorder{Fault: w.request, Edit: w.answered}
	src, dst := w.source.Serve(t, source.Wrap), w.dest.Serve(t, dest.Wrap)
	var lines strings.Builder
	for i := range 12 {
		from, to := fmt.Sprintf("ci/stream:i%d", i), fmt.Sprintf("org/r%d:t%d", i%4, i)
		w.at[to] = from
		fmt.Fprintf(&lines, "%s/%s %s/%s\n", src.Host, from, dst.Host, to)
	}
	w.mapping = filepath.Join(t.TempDir(), "mapping_world")
	if err := os.WriteFile(w.mapping, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.move()
	return w
}

// until makes a channel that is closed by the nth request from now on.
func (w *world) until(n int) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.limit, w.reached = 0, n, make(chan struct{})
	return w.reached
}

func (w *world) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

// request counts a request and takes its time.
func (w *world) request(http.ResponseWriter, *http.Request, string, int) bool {
	w.mu.Lock()
	if w.asked++; w.asked == w.limit {
		close(w.reached)
	}
	w.mu.Unlock()
	time.Sleep(answerAfter)
	return false
}

var blobUpload = regexp.MustCompile(`^/v2/(.*)/blobs/uploads/`)

// answered watches the destination: blobs that are completed, and manifests
// that are refused.
func (w *world) answered(r *http.Request, class string, status int, _ http.Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.HasPrefix(class, "PUT ") && status == http.StatusCreated {
		w.written++
	}
	switch {
	case class == "PUT upload" && status == http.StatusCreated:
		w.sent[blobUpload.FindStringSubmatch(r.URL.Path)[1]+" "+r.URL.Query().Get("digest")]++
	case class == "PUT manifest" && status != http.StatusCreated:
		w.refusals = append(w.refusals, fmt.Sprintf("%s: %d", r.URL.Path, status))
	}
}

func (w *world) done() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}

// move returns every source another image: two of three for one platform, the
// others an index of two. All share a layer.
func (w *world) move() {
	w.round++
	layer := func(name string) v1.Descriptor {
		const size = 80 << 10 // small, but worth asking for
		return w.source.Blob("ci/stream", []byte(strings.Repeat(name+"\n", size/(len(name)+1))))
	}
	base := layer(fmt.Sprintf("base of %d", w.round))
	for i := range 12 {
		tag := fmt.Sprintf("i%d", i)
		image := func(tag, name string) v1.Descriptor {
			name = fmt.Sprintf("%s %d of %d", name, i, w.round)
			return w.source.Image("ci/stream", tag, name, base, layer(name))
		}
		var d v1.Descriptor
		if i%3 > 0 {
			d = image(tag, "image")
		} else {
			d = w.source.Index("ci/stream", tag, strict.For("linux", "amd64", image("", "amd64")), strict.For("linux", "arm64", image("", "arm64")))
		}
		for to, from := range w.at {
			if from == "ci/stream:"+tag {
				if w.ever[to] == nil {
					w.ever[to] = map[string]bool{}
				}
				w.ever[to][d.Digest.String()] = true
				w.now[to] = d.Digest.String()
			}
		}
	}
}

// check reads the whole destination and returns the number of correct tags.
func (w *world) check() (right int) {
	w.t.Helper()
	for _, hole := range w.dest.Holes() {
		w.t.Errorf("a tag points to something incomplete: %s", hole)
	}
	for to := range w.at {
		repo, tag, _ := strings.Cut(to, ":")
		got := w.dest.Tags(repo)[tag]
		if got != "" && !w.ever[to][got] {
			w.t.Errorf("%s holds %s, which its source never held", to, got)
		}
		if got == w.now[to] {
			right++
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.refusals {
		w.t.Errorf("a manifest was written before what it refers to: %s", r)
	}
	return right
}

// once checks that no existing blob was sent again.
func (w *world) once() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for blob, n := range w.sent {
		if n > 1 {
			w.t.Errorf("a blob that was there was sent again: %s", blob)
		}
	}
}

// A run may be killed at any moment: no tag ever points to something
// incomplete, and what was done is not done again. The moment is a number of
// requests, so that it does not depend on how fast the machine is, and a bit of
// the time that an answer takes.
func TestKilledAtAnyMoment(t *testing.T) {
	n := kills
	if s := os.Getenv("MIRROR_KILLS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(t.TempDir(), "mirror") // without the race detector, which takes its time to start
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building mirror: %v\n%s", err, out)
	}
	w := newWorld(t)
	run := func() *process {
		return startBinary(t, binary, append([]string{"run", "-q", "-f", w.mapping}, careful...)...)
	}
	w.until(1 << 30)
	if p := run(); p.code() != 0 {
		t.Fatal(p.said())
	}
	whole := w.requests()
	if right := w.check(); right != len(w.at) {
		t.Fatalf("%d tags are right after a whole run, of %d", right, len(w.at))
	}
	w.move()
	const seed = 7
	dice := rand.New(rand.NewPCG(seed, seed))
	alive, half := 0, 0
	for i := range n {
		before := w.done()
		reached := w.until(1 + dice.IntN(whole))
		moment := time.Duration(dice.Float64() * 2 * float64(answerAfter))
		p := run()
		select {
		case <-reached:
			time.Sleep(moment)
			p.cmd.Process.Kill() // an error means that it has ended
		case <-p.ended:
		}
		if code := p.code(); code == -1 { // ended by the signal
			alive++
		} else if code != 0 {
			t.Errorf("exit code %d: %s", code, p.said())
		}
		right := w.check()
		w.once()
		if w.done() > before && right < len(w.at) {
			half++
		}
		if t.Failed() {
			t.Fatalf("after kill %d of seed %d", i, seed)
		}
		if right == len(w.at) {
			w.move()
		}
	}
	t.Logf("a whole run takes %d requests; of %d runs %d were killed at work, %d after they had written something; the sources moved %d times", whole, n, alive, half, w.round)
	if alive < n/2 || half < n/4 {
		t.Errorf("too few of %d runs were killed in the middle: %d at work, %d after they had written something", n, alive, half)
	}
	if p := run(); p.code() != 0 || w.check() != len(w.at) {
		t.Errorf("the last run did not finish the work: %s", p.said())
	}
	w.once()
}

// Two runs of one job at once do no harm, and neither fails because of the
// other.
func TestTwoRunsAtOnce(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		for _, p := range []*process{
			start(t, append([]string{"run", "-q", "-f", w.mapping}, careful...)...),
			start(t, append([]string{"run", "-q", "-f", w.mapping}, careful...)...),
		} {
			if code := p.code(); code != 0 {
				t.Errorf("exit code %d: %s", code, p.said())
			}
		}
		if right := w.check(); right != len(w.at) {
			t.Errorf("%d tags are right, of %d", right, len(w.at))
		}
		w.move()
	}
}
