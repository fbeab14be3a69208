package throttle

import (
	"context"
	"slices"
	"sync"
)

// Slots bounds the requests in flight to one host. The bound rises with every
// success until it is at the most that is allowed, or the host says that it is
// too much: then it falls to half, and from then on rises slowly, by one for
// four times as many successes as the bound is.
//
// A slot that becomes free goes to the repository that holds the fewest, so
// that one that answers slowly does not keep the others waiting; then to what
// is short, then to the largest blob, because the largest decides when the run
// ends; then to who waits longest. Where there are several repositories, none
// gets the last quarter of the slots. No more than a quarter is held by who
// waits for a slot of another host, so that a slow host does not keep this one
// from its other work.
type Slots struct {
	mu      sync.Mutex
	most    int
	limit   int
	careful bool           // the host has said that it is too much
	good    int            // successes since the bound last moved
	used    int            // slots
	held    int            // those of them held by who waits for another host
	busy    map[string]int // slots by repository
	only    string         // the first repository
	several bool           // there are others
	waiting []*turn
}

// turn is one who waits for a slot.
type turn struct {
	repo string
	size int64 // of the blob that is sent; 0 for what is short
	hold bool  // it will wait for another host then
	come chan struct{}
}

// NewSlots begins with so many slots and never has more than most.
// NewSlots begins with so many slots and never has more than most.
func NewSlots(start, most int) *Slots {
	return &Slots{most: most, limit: start, busy: map[string]int{}}
}

// Acquire takes a slot for a request to a repository, which gives it back with
// Release. size is that of the blob that is sent in bytes, 0 for what is short.
func (l *Slots) Acquire(ctx context.Context, repo string, size int64) error {
	return l.wait(ctx, &turn{repo: repo, size: size, come: make(chan struct{})})
}

// Hold takes a slot for a request that cannot begin before another host has a
// slot for it, too: then it calls Begin.
func (l *Slots) Hold(ctx context.Context, repo string, size int64) error {
	return l.wait(ctx, &turn{repo: repo, size: size, hold: true, come: make(chan struct{})})
}

// Begin means that the other host of a slot taken by Hold has one, too.
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

// Release returns a slot back.
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
		next := -1
		for i, t := range l.waiting {
			if l.busy[t.repo] < most && !(t.hold && l.held >= max(1, l.limit/4)) && (next < 0 || l.before(t, l.waiting[next])) {
				next = i
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

// before reports whether a's turn is before b's, who came earlier.
func (l *Slots) before(a, b *turn) bool {
	if l.busy[a.repo] != l.busy[b.repo] {
		return l.busy[a.repo] < l.busy[b.repo]
	}
	if (a.size == 0) != (b.size == 0) {
		return a.size == 0
	}
	return a.size > b.size
}

// shrink halves the bound and gives the new one.
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
