package throttle

import (
	"sync"
	"time"
)

// breaker keeps a run from asking a host that is down. It opens when nothing
// but failures came back, many of them, for a while; then requests fail at once
// with a [*DownError], but for one now and then that tries whether the host is
// back. Any answer that is no failure closes it.
type breaker struct {
	mu     sync.Mutex
	failed int       // in a row
	fresh  int       // those of them that were begun after the first had come
	since  time.Time // when the first of them came
	busy   time.Time // since when the host has only said 429; zero: it has not
	last   error
	open   bool
	probe  time.Time // when the next request may pass
	wait   time.Duration
}

const (
	downAfter      = 8                // failures in a row,
	downFresh      = 3                // some of requests begun after the first of them, and
	downFor        = 30 * time.Second // nothing else for so long
	throttledFor   = 10 * time.Minute // of nothing but 429
	firstProbe     = 15 * time.Second
	slowestProbing = 2 * time.Minute
)

// pass reports whether the host may be asked; one in a while may, though it is
// down: then trying is true.
func (b *breaker) pass(host string, now time.Time) (trying bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.check(host, now); err != nil || !b.open {
		return false, err
	}
	b.wait = min(2*b.wait, slowestProbing)
	b.probe = now.Add(b.wait)
	return true, nil
}

// closed reports the same and lets nobody try.
func (b *breaker) closed(host string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.check(host, now)
}

func (b *breaker) check(host string, now time.Time) error {
	if b.open && now.Before(b.probe) {
		return &DownError{Host: host, Since: b.since, Err: b.last}
	}
	return nil
}

// failure is told of each failure that may mean that the host is down, or that
// it throttles us, which is a sign of life unless it goes on for long. It gives
// an error when the breaker opens now.
//
// began is when the request was sent. Requests that were under way together and
// end one after the other tell of one moment only: the host may be well by now.
func (b *breaker) failure(now, began time.Time, err error, throttled bool) *DownError {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = err
	if throttled {
		b.failed = 0
		if b.busy.IsZero() {
			b.busy = now
		}
		b.since = b.busy
		return b.opens(now, now.Sub(b.busy) >= throttledFor)
	}
	if b.failed == 0 {
		b.since, b.fresh = now, 0
	}
	if b.failed++; !began.Before(b.since) {
		b.fresh++
	}
	return b.opens(now, b.failed >= downAfter && b.fresh >= downFresh && now.Sub(b.since) >= downFor)
}

func (b *breaker) opens(now time.Time, yes bool) *DownError {
	if b.open || !yes {
		return nil
	}
	b.open, b.wait, b.probe = true, firstProbe, now.Add(firstProbe)
	return &DownError{Since: b.since, Err: b.last}
}

// trip opens the breaker without more ado.
func (b *breaker) trip(now time.Time, err error) (down *DownError, opens bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == 0 {
		b.since = now
	}
	b.failed++
	b.last = err
	if opens = !b.open; opens {
		b.open, b.wait = true, firstProbe
	}
	b.probe = now.Add(b.wait)
	return &DownError{Since: b.since, Err: err}, opens
}

// success is told of each answer that is no failure. It reports whether
// the breaker was open.
func (b *breaker) success() (closes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	closes = b.open
	b.failed, b.busy, b.open, b.last = 0, time.Time{}, false, nil
	return closes
}
