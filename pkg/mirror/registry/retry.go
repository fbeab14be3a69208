package registry

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
)

// Retry says how often and how patiently something is tried.
type Retry struct {
	Attempts int           // in all; default 5
	Base     time.Duration // wait before the second attempt, doubled for each further one; default 500 ms
	Max      time.Duration // longest wait of our own choice; default 20 s
	// MaxAfter is the longest Retry-After that is obeyed; a registry that asks
	// for more is obeyed that long. Default 2 minutes.
	MaxAfter time.Duration
}

func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 5
	}
	if r.Base <= 0 {
		r.Base = 500 * time.Millisecond
	}
	if r.Max <= 0 {
		r.Max = 20 * time.Second
	}
	if r.MaxAfter <= 0 {
		r.MaxAfter = 2 * time.Minute
	}
	return r
}

// Clock is the time and the dice that a client uses. A nil field stands for
// the real thing.
type Clock struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error // returns early with the context's error
	Rand  func() float64                             // in [0, 1)
}

func (c Clock) withDefaults() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Sleep == nil {
		c.Sleep = func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-t.C:
				return nil
			}
		}
	}
	return c
}

// retry calls f until it succeeds, fails for good, or the attempts are used
// up. It is the only place where the client tries anything again.
func (h *host) retry(ctx context.Context, f func(attempt int) error) error {
	policy := h.c.opts.Retry
	for attempt := 1; ; attempt++ {
		err := f(attempt)
		if err == nil || !Temporary(err) {
			return err
		}
		wait := h.backoff(attempt, err)
		if attempt >= policy.Attempts || ctx.Err() != nil {
			return err
		}
		h.c.log.Debug("trying again", "host", h.name, "attempt", attempt, "wait", wait, "error", err)
		if h.again(ctx, wait, err) != nil {
			return err
		}
	}
}

// again counts a retry and waits before it.
func (h *host) again(ctx context.Context, wait time.Duration, why error) error {
	h.stats.retried()
	TallyOf(ctx).retry(why)
	TallyOf(ctx).Waited(WaitRetry, h.name, wait)
	return h.c.clock.Sleep(ctx, wait)
}

// backoff says how long to wait after a failed attempt. What the registry asks
// for holds for every request to the host.
func (h *host) backoff(attempt int, err error) time.Duration {
	policy := h.c.opts.Retry
	wait := min(policy.Base<<(attempt-1), policy.Max)
	wait = wait/2 + time.Duration(h.c.clock.Rand()*float64(wait/2))
	after, throttled := askedToWait(err, h.c.clock.Now())
	if throttled {
		h.limiter.shrink()
	}
	if after > 0 {
		after = min(after, policy.MaxAfter)
		h.pause(after)
		wait = max(after, wait)
	}
	return wait
}

func askedToWait(err error, now time.Time) (after time.Duration, throttled bool) {
	var answer *Error
	var status *auth.Status
	code := 0
	switch {
	case errors.As(err, &answer):
		after, code = answer.RetryAfter, answer.Status
	case errors.As(err, &status):
		after, code = retryAfter(status.Header.Get("Retry-After"), now), status.Code
	}
	return after, code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if n, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(n, 0), 1<<20)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
