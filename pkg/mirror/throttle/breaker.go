package throttle

import (
	"sync"
	"time"
)

// breaker is a circuit breaker: it stops requests to a host that is down. It
// opens after many failures, and nothing else, for a while. Then requests fail
// at once with a [*DownError], except for one now and then that checks whether
// the host is back. Any answer that is not a failure closes it.
type breaker struct {
	mu     sync.Mutex
	failed int       // in a row
	fresh  int       // those of them that began after the first failure
	since  time.Time // time of the first of them
	busy   time.Time // since when the host has only answered 429; zero: it has not
	last   error
	open   bool
	probe  time.Time // when the next request may be sent
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

// pass returns an error if the host is down; one request now and then may be
// sent anyway: then trying is true.
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

// closed is pass without such requests.
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

// failure counts a failure that may mean that the host is down, or that it
// throttles us, which is a sign of life unless it goes on for long. It returns
// an error if the breaker opens now.
//
// began is when the request was sent. Requests that were in flight together and
// fail one after the other show one moment only: the host may be well by now.
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

// failing returns the time of the first failure since the last success, or
// zero.
func (b *breaker) failing() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == 0 {
		return b.busy
	}
	return b.since
}

func (b *breaker) opens(now time.Time, yes bool) *DownError {
	if b.open || !yes {
		return nil
	}
	b.open, b.wait, b.probe = true, firstProbe, now.Add(firstProbe)
	return &DownError{Since: b.since, Err: b.last}
}

// trip opens the breaker at once.
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

// success counts an answer that is not a failure. It reports whether the
// breaker was open.
func (b *breaker) success() (closes bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	closes = b.open
	b.failed, b.busy, b.open, b.last = 0, time.Time{}, false, nil
	return closes
}
