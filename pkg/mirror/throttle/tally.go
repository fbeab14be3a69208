package throttle

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// What a request may wait for.
const (
	WaitRetry = "retry" // the pause before a retry
	WaitAsked = "asked" // Retry-After of the registry
	WaitPace  = "pace"  // the request rate of the registry
	WaitSlot  = "slot"  // a slot of the registry
	WaitImage = "image" // another image that has the same content
)

// Wait is the time that a piece of work spent waiting, summed over its
// requests, some of which wait concurrently.
type Wait struct {
	For     string  `json:"for"` // retry, asked, pace, slot or image
	On      string  `json:"on"`  // the host, or the repository of the other image
	Seconds float64 `json:"seconds"`
}

// Tally counts what one piece of work costs: the requests that are made with a
// context that carries it. A nil Tally counts nothing.
type Tally struct {
	mu       sync.Mutex
	requests int64
	good     int64 // requests that were answered and need no retry
	retries  int64
	failures int64 // retries that did not follow 429 or 503
	retried  error
	waits    map[Wait]time.Duration // Wait.Seconds is 0 in keys
}

type tallyKey struct{}

// Into returns a context whose requests are counted by t.
func (t *Tally) Into(ctx context.Context) context.Context {
	return context.WithValue(ctx, tallyKey{}, t)
}

// TallyOf returns the tally that a context carries, or nil.
func TallyOf(ctx context.Context) *Tally {
	t, _ := ctx.Value(tallyKey{}).(*Tally)
	return t
}

func (t *Tally) request() {
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.requests++
	}
}

// Retry counts a retry after err.
func (t *Tally) Retry(err error, throttled bool) {
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.retries++; t.retried == nil {
			t.retried = err
		}
		if !throttled {
			t.failures++
		}
	}
}

func (t *Tally) success() {
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.good++
	}
}

// MayRetry reports whether the failures are fewer than the successful requests
// plus more.
func (t *Tally) MayRetry(more int64) bool {
	if t == nil {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failures < t.good+more
}

// Waited adds time spent waiting for one of the kinds of [Wait].
func (t *Tally) Waited(kind, on string, d time.Duration) {
	if t != nil && d > 0 {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.waits == nil {
			t.waits = map[Wait]time.Duration{}
		}
		t.waits[Wait{For: kind, On: on}] += d
	}
}

// Requests returns how many requests were made.
func (t *Tally) Requests() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests
}

// Retries returns the number of retries, and the reason of the first.
func (t *Tally) Retries() (n int64, first error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.retries, t.retried
}

// Waits lists the waits, the longest first; those shorter than least are left
// out.
func (t *Tally) Waits(least time.Duration) []Wait {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []Wait
	for w, d := range t.waits {
		if d >= least {
			w.Seconds = d.Seconds()
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Wait) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.For, b.For), cmp.Compare(a.On, b.On))
	})
	return out
}
