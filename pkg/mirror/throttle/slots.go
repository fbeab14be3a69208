package throttle

import (
	"context"
	"slices"
	"sync"
)

// Slots limits the requests in flight to one host. The limit rises with every
// success until it reaches its maximum, or the host throttles us: then it is
// halved, and from then on rises slowly, by one for four times as many
// successes as the limit is.
//
// A free slot goes to the repository that holds the fewest, so that a slow one
// does not hold up the others; then to short requests, then to the largest
// blob, because the largest decides when the run ends; then to the request that
// has waited longest. If there are several repositories, none gets the last
// quarter of the slots. At most a quarter is held by requests that wait for a
// slot of another host, so that a slow host does not stop the other work of
// this one.
type Slots struct {
	mu      sync.Mutex
	most    int
	limit   int
	careful bool           // the host has throttled us
	good    int            // successes since the limit last changed
	used    int            // slots
	held    int            // those of them held while waiting for another host
	busy    map[string]int // slots by repository
	only    string         // the first repository
	several bool           // there are others
	waiting []*turn
}

// turn is a request that waits for a slot.
type turn struct {
	repo string
	size int64 // of the blob that is sent; 0 for short requests
	hold bool  // it will wait for another host next
	come chan struct{}
}

// NewSlots returns slots with the limit start, which never rises above most.
func NewSlots(start, most int) *Slots {
	return &Slots{most: most, limit: start, busy: map[string]int{}}
}

// Acquire takes a slot for a request to a repository, which returns it by
// Release. size is that of the blob that is sent in bytes, 0 for short
// requests.
func (l *Slots) Acquire(ctx context.Context, repo string, size int64) error {
	return l.wait(ctx, &turn{repo: repo, size: size, come: make(chan struct{})})
}

// Hold takes a slot for a request that needs a slot of another host, too, and
// calls Begin when it has that.
func (l *Slots) Hold(ctx context.Context, repo string, size int64) error {
	return l.wait(ctx, &turn{repo: repo, size: size, hold: true, come: make(chan struct{})})
}

// Begin reports that the other host of a slot taken by Hold has a slot, too.
func (l *Slots) Begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
	l.wake()
}

func (l *Slots) wait(ctx context.Context, t *turn) error {
	repo := t.repo
	l.mu.Lock()
	if l.only == "" {
		l.only = repo
	}
	l.several = l.several || repo != l.only
	l.waiting = append(l.waiting, t)
	l.wake()
	l.mu.Unlock()
	select {
	case <-t.come:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, t); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	} else { // the turn came at the same moment
		if t.hold {
			l.held--
		}
		l.free(repo)
	}
	return context.Cause(ctx)
}

// Release returns a slot.
func (l *Slots) Release(repo string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free(repo)
}

func (l *Slots) free(repo string) {
	l.used--
	if l.busy[repo]--; l.busy[repo] == 0 {
		delete(l.busy, repo)
	}
	l.wake()
}

func (l *Slots) wake() {
	for l.used < l.limit {
		most := l.limit
		if l.several {
			most = max(1, l.limit-l.limit/4)
		}
		next, fewest := -1, most-1
		for i, t := range l.waiting {
			busy := l.busy[t.repo]
			if busy > fewest || t.hold && l.held >= max(1, l.limit/4) {
				continue
			}
			if next < 0 || busy < fewest || t.before(l.waiting[next]) {
				next, fewest = i, busy
			}
		}
		if next < 0 {
			return
		}
		t := l.waiting[next]
		l.waiting = slices.Delete(l.waiting, next, next+1)
		l.used++
		if t.hold {
			l.held++
		}
		l.busy[t.repo]++
		close(t.come)
	}
}

// before reports whether a request gets a slot before another that came
// earlier, if their repositories hold as many.
func (t *turn) before(other *turn) bool {
	if (t.size == 0) != (other.size == 0) {
		return t.size == 0
	}
	return t.size > other.size
}

// shrink halves the limit and returns the new one.
func (l *Slots) shrink() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit, l.good, l.careful = max(l.limit/2, 1), 0, true
	return l.limit
}

func (l *Slots) succeeded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit >= l.most {
		return
	}
	if l.good++; !l.careful || l.good >= 4*l.limit {
		l.limit, l.good = l.limit+1, 0
		l.wake()
	}
}
