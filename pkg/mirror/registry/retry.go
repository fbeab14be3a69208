package registry

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
)

// Retry says how often and how patiently something is tried.
type Retry struct {
	Attempts int           // in all, not counting answers 429 and 503, of which there may be 10, or 10 minutes; default 7
	Base     time.Duration // wait before the second attempt, doubled for each further one; default 500 ms
	Max      time.Duration // longest wait of our own choice; default 20 s
	// MaxAfter is the longest Retry-After that is obeyed; a registry that asks
	// for more is obeyed that long. Default 2 minutes.
	MaxAfter time.Duration
	// PerImage and PerHost bound how often something is tried again: as often
	// as requests of the image (of the whole run to one host) succeeded, and so
	// many times more; what follows 429 and 503 does not count. Default 20 and 200.
	PerImage, PerHost int64
}

func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 7
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
	if r.PerImage <= 0 {
		r.PerImage = 20
	}
	if r.PerHost <= 0 {
		r.PerHost = 200
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

// tries counts how often something was tried; answers that ask for patience
// apart, with the time that they took.
type tries struct {
	failed, throttled int
	waited            time.Duration
}

// How often something may be answered 429 or 503, and for how long.
const (
	maxThrottled = 10
	maxPatience  = 10 * time.Minute
)

// retry calls f until it succeeds, fails for good, or may not be tried again.
// It is, with [blobReader.failed], the only place where anything is.
func (h *host) retry(ctx context.Context, f func() error) error {
	var t tries
	for {
		err := f()
		if err == nil {
			return nil
		}
		if err := h.again(ctx, &t, err); err != nil {
			return err
		}
	}
}

// again decides whether what failed is tried once more, and waits until it may
// be. It gives the error to end with otherwise.
func (h *host) again(ctx context.Context, t *tries, err error) error {
	wait, end := h.after(ctx, t, err)
	if end != nil {
		return end
	}
	if h.c.clock.Sleep(ctx, wait) != nil {
		return err
	}
	return nil
}

// after says how long to wait until what failed is tried once more, or gives the
// error to end with.
func (h *host) after(ctx context.Context, t *tries, err error) (wait time.Duration, end error) {
	if !Temporary(err) {
		return 0, err
	}
	wait, throttled := h.backoff(t.failed+t.throttled+1, err)
	if throttled {
		t.throttled++
		t.waited += wait
	} else {
		t.failed++
	}
	switch {
	case t.failed >= h.c.opts.Retry.Attempts, t.throttled >= maxThrottled, t.waited > maxPatience, ctx.Err() != nil:
		return 0, err
	case throttled: // it works, and tells us when: that costs no budget
	case !TallyOf(ctx).mayRetry(h.c.opts.Retry.PerImage):
		return 0, &spentError{"its image", err}
	case !h.total.mayRetry(h.c.opts.Retry.PerHost):
		return 0, &spentError{"the run to " + h.name, err}
	}
	h.c.log.Debug("trying again", "host", h.name, "attempt", t.failed+t.throttled, "wait", wait, "error", err)
	h.stats.retried()
	h.total.retry(err, throttled)
	TallyOf(ctx).retry(err, throttled)
	TallyOf(ctx).Waited(WaitRetry, h.name, wait)
	return wait, nil
}

// spentError says that something was not tried again because there was too
// much of that.
type spentError struct {
	what string
	err  error
}

// enough makes an error final that was tried often enough where it happened.
func enough(err error) error {
	if err == nil {
		return nil
	}
	return &spentError{"", err}
}

func (e *spentError) Error() string {
	if e.what == "" {
		return e.err.Error()
	}
	return e.err.Error() + " (not tried again: most of the requests of " + e.what + " had to be tried again)"
}
func (e *spentError) Unwrap() error { return e.err }

// backoff says how long to wait after a failed attempt. What the registry asks
// for holds for every request to the host.
func (h *host) backoff(attempt int, err error) (wait time.Duration, throttled bool) {
	policy := h.c.opts.Retry
	wait = min(policy.Base<<min(attempt-1, 20), policy.Max)
	wait = wait/2 + time.Duration(h.c.clock.Rand()*float64(wait/2))
	now := h.c.clock.Now()
	after, throttled := askedToWait(err, now)
	if throttled {
		h.throttled(now)
	}
	if after > 0 {
		after = min(after, policy.MaxAfter)
		h.pause(after)
		wait = max(after, wait)
	}
	return wait, throttled
}

// throttled asks less of a host that has said that it is too much.
func (h *host) throttled(now time.Time) {
	rate, moved := h.pace.slower(now)
	if !moved {
		return // said by a request that was under way already
	}
	limit := h.limiter.shrink()
	h.stats.slowed(now, limit, rate)
	h.c.log.Info("the registry is asked less", "host", h.name, "at a time", limit, "a second", math.Round(rate*10)/10)
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
