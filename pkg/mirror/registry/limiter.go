package registry

import (
	"context"
	"sync"
)

// limiter bounds the requests in flight to one host. The bound falls to half
// when the host says that it is too much and rises again, one for as many
// successes as the bound is, up to the most that is allowed.
type limiter struct {
	mu      sync.Mutex
	most    int
	limit   int
	used    int
	good    int // successes since the bound last moved
	waiting []chan struct{}
}

func newLimiter(most int) *limiter { return &limiter{most: most, limit: most} }

func (l *limiter) acquire(ctx context.Context) error {
	l.mu.Lock()
	if l.used < l.limit && len(l.waiting) == 0 {
		l.used++
		l.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	l.waiting = append(l.waiting, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, w := range l.waiting {
		if w == turn {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			return context.Cause(ctx)
		}
	}
	l.used-- // the turn came at the same moment
	l.wake()
	return context.Cause(ctx)
}

func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used--
	l.wake()
}

func (l *limiter) wake() {
	for l.used < l.limit && len(l.waiting) > 0 {
		l.used++
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
	}
}

func (l *limiter) shrink() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit, l.good = max(l.limit/2, 1), 0
}

func (l *limiter) succeeded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit == l.most {
		return
	}
	if l.good++; l.good >= 4*l.limit {
		l.limit, l.good = l.limit+1, 0
		l.wake()
	}
}
