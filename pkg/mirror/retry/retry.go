package retry

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Policy controls retries. A zero field has its default.
type Policy struct {
	Attempts int           // in all, without answers 429 and 503, of which there may be 10, or 10 minutes; default 7
	Base     time.Duration // wait before the second attempt, doubled for each further one; default 500 ms
	Max      time.Duration // longest wait without Retry-After; default 20 s
	// MaxAfter is the longest wait for Retry-After, even if a registry asks for
	// more. Default 2 minutes.
	MaxAfter time.Duration
	// PerImage and PerHost limit retries: as many as requests of the image (of
	// the whole run to one host) succeeded, and this many more; retries after
	// 429 and 503 do not count. Default 20 and 200.
	PerImage, PerHost int64
}

// WithDefaults returns a policy without zero fields.
func (p Policy) WithDefaults() Policy {
	if p.Attempts <= 0 {
		p.Attempts = 7
	}
	if p.Base <= 0 {
		p.Base = 500 * time.Millisecond
	}
	if p.Max <= 0 {
		p.Max = 20 * time.Second
	}
	if p.MaxAfter <= 0 {
		p.MaxAfter = 2 * time.Minute
	}
	if p.PerImage <= 0 {
		p.PerImage = 20
	}
	if p.PerHost <= 0 {
		p.PerHost = 200
	}
	return p
}

// Loop retries operations at one host.
type Loop struct {
	Policy Policy // with defaults
	Host   *throttle.Host
	Clock  throttle.Clock // with defaults
	Log    *slog.Logger
}

// Tries counts the attempts of one operation; answers 429 and 503 are counted
// separately, with the time that they took. The zero value is for a new
// operation.
type Tries struct {
	failed, throttled, few int
	waited                 time.Duration
}

// The limits for answers 429 and 503: how many, and for how long.
const (
	maxThrottled = 10
	maxPatience  = 10 * time.Minute
)

// Do calls f until it succeeds, fails for good, or may not be retried.
func (l *Loop) Do(ctx context.Context, f func() error) error {
	var t Tries
	for {
		err := f()
		if err == nil {
			return nil
		}
		wait, end := l.Next(ctx, &t, err)
		if end != nil {
			return end
		}
		if l.Clock.Sleep(ctx, wait) != nil {
			return err
		}
	}
}

// Next returns the wait before the retry of what failed with err, or the error
// to end with.
func (l *Loop) Next(ctx context.Context, t *Tries, err error) (wait time.Duration, end error) {
	var spent *SpentError
	if errors.As(err, &spent) {
		return 0, err
	}
	verdict := Judge(err, l.Clock.Now())
	if !verdict.Again {
		return 0, err
	}
	if verdict.Most > 0 {
		if t.few++; t.few > verdict.Most {
			return 0, err
		}
	}
	wait = l.backoff(t.failed+t.throttled+1, verdict)
	if verdict.Throttled {
		t.throttled++
		t.waited += wait
	} else {
		t.failed++
	}
	tally := throttle.TallyOf(ctx)
	switch {
	case t.failed >= l.Policy.Attempts, t.throttled >= maxThrottled, t.waited > maxPatience, ctx.Err() != nil:
		return 0, err
	case verdict.Throttled: // the host works, and says when to retry
	case !tally.MayRetry(l.Policy.PerImage):
		return 0, &SpentError{"its image", err}
	case !l.Host.Total.MayRetry(l.Policy.PerHost):
		return 0, &SpentError{"the run to " + l.Host.Name, err}
	}
	l.Log.Debug("trying again", "host", l.Host.Name, "attempt", t.failed+t.throttled, "wait", wait, "error", err)
	l.Host.Stats.Retried()
	l.Host.Total.Retry(err, verdict.Throttled)
	tally.Retry(err, verdict.Throttled)
	tally.Waited(throttle.WaitRetry, l.Host.Name, wait)
	return wait, nil
}

// backoff returns the wait after a failed attempt. A Retry-After delays every
// request to the host.
func (l *Loop) backoff(attempt int, v Verdict) time.Duration {
	wait := min(l.Policy.Base<<min(attempt-1, 20), l.Policy.Max)
	wait = wait/2 + time.Duration(l.Clock.Rand()*float64(wait/2))
	if v.Throttled {
		l.Host.Slower()
	}
	if v.After > 0 {
		after := min(v.After, l.Policy.MaxAfter)
		l.Host.Pause(after)
		wait = max(after, wait)
	}
	return wait
}

// SpentError means that a request was not retried because a budget of retries
// was spent.
type SpentError struct {
	what string
	err  error
}

// Enough makes an error final, because its retries happened elsewhere.
func Enough(err error) error {
	if err == nil {
		return nil
	}
	return &SpentError{"", err}
}

func (e *SpentError) Error() string {
	if e.what == "" {
		return e.err.Error()
	}
	return e.err.Error() + " (not retried: the retry budget of " + e.what + " is used up)"
}
func (e *SpentError) Unwrap() error { return e.err }

// After reads the Retry-After header of RFC 9110, section 10.2.3: seconds or a
// date; 0 for anything else.
func After(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if n, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(n, 0), 1<<20)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
