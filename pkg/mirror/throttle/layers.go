package throttle

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// Func makes an [http.RoundTripper] of a function.
type Func func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f Func) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Wrap stacks all concerns of the host on a transport.
func Wrap(h *Host, next http.RoundTripper) http.RoundTripper {
	return Limit(h, Guard(h, Pace(h, Observe(h, next))))
}

// Limit limits the requests in flight to the host. A request is in flight until
// the body of its answer is closed.
func Limit(h *Host, next http.RoundTripper) http.RoundTripper {
	return Func(func(r *http.Request) (*http.Response, error) {
		release := func() {}
		if work := WorkOf(r.Context()); !work.Held {
			if err := h.Slot(r.Context(), h.Slots.Acquire, work.Repository, 0); err != nil {
				return nil, err
			}
			release = func() { h.Slots.Release(work.Repository) }
		}
		resp, err := next.RoundTrip(r)
		if err != nil {
			release()
			return nil, err
		}
		if resp.StatusCode < http.StatusBadRequest {
			h.Slots.succeeded()
		}
		resp.Body = &slotBody{ReadCloser: resp.Body, release: release}
		return resp, nil
	})
}

// slotBody releases the host's slot when the response body is closed.
type slotBody struct {
	io.ReadCloser
	release func()
}

func (b *slotBody) Close() error {
	err := b.ReadCloser.Close()
	if b.release != nil {
		b.release()
		b.release = nil
	}
	return err
}

// Guard sends no request to a host that is down, except for one now and then
// that checks whether it still is: see [Trying]. The error is a [*DownError].
func Guard(h *Host, next http.RoundTripper) http.RoundTripper {
	return Func(func(r *http.Request) (*http.Response, error) {
		trying, err := h.breaker.pass(h.Name, h.opts.Clock.Now())
		if err != nil {
			return nil, err
		}
		if trying {
			r = r.WithContext(context.WithValue(r.Context(), tryingKey{}, true))
		}
		return next.RoundTrip(r)
	})
}

// Pace delays a request until the host accepts requests: after Retry-After, and
// within its request rate.
func Pace(h *Host, next http.RoundTripper) http.RoundTripper {
	return Func(func(r *http.Request) (*http.Response, error) {
		if err := h.turn(r.Context(), WorkOf(r.Context()).Brief); err != nil {
			return nil, err
		}
		resp, err := next.RoundTrip(r)
		if err == nil && resp.StatusCode < http.StatusBadRequest {
			h.rate.faster(h.opts.Clock.Now())
		}
		return resp, err
	})
}

// statusError is an answer that means that a host may be down.
type statusError struct {
	method, url string
	status      int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.method, e.url, e.status, http.StatusText(e.status))
}

// Observe counts requests and transfers, reports their results to the breaker,
// and ends transfers that are too slow. An error is a [*NetworkError] or the
// cause of the request's context.
func Observe(h *Host, next http.RoundTripper) http.RoundTripper {
	return Func(func(r *http.Request) (*http.Response, error) {
		parent := r.Context()
		work := WorkOf(parent)
		kind := r.Method
		if work.Kind != "" {
			kind += " " + work.Kind
		}
		ctx, cancel := context.WithCancelCause(parent)
		idle := h.opts.Idle
		if work.Idle > 0 {
			idle = min(idle, work.Idle)
		}
		watch := newWatch(h.opts.Clock.Now, idle, cancel)
		r = r.WithContext(ctx)
		question := &questionBody{ReadCloser: r.Body, watch: watch, moved: func(n int) { h.Stats.moved(0, int64(n)) }}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = question
		}
		wrong := func(err error) error {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return OnTheWay(r.Method, r.URL, err, h.opts.Scrub)
		}
		TallyOf(parent).request()
		h.Total.request()
		began := h.opts.Clock.Now()
		resp, err := next.RoundTrip(r)
		if r.Body != nil {
			r.Body.Close()
		}
		watch.rest(0, true)
		if err != nil {
			err = wrong(err)
			cancel(nil)
			h.Stats.request(kind, 0)
			if parent.Err() != nil {
				return nil, context.Cause(parent)
			}
			if !question.broke.Load() {
				h.went(began, err, false)
			}
			return nil, err
		}
		h.Stats.request(kind, resp.StatusCode)
		var outcome sync.Once
		came := func() {
			h.went(began, nil, false)
			h.Total.success()
			TallyOf(parent).success()
		}
		if code := resp.StatusCode; code == http.StatusTooManyRequests || code >= 500 && Temporary(code) {
			outcome.Do(func() {
				h.went(began, &statusError{r.Method, Redact(r.URL, h.opts.Scrub), code}, code == http.StatusTooManyRequests)
			})
		} else if !work.Small {
			outcome.Do(came)
		}
		resp.Body = &answerBody{
			ReadCloser: resp.Body, watch: watch,
			failed: func(err error) error {
				err = wrong(err)
				outcome.Do(func() {
					if parent.Err() == nil {
						h.went(began, err, false)
					}
				})
				return err
			},
			moved:  func(n int) { h.Stats.moved(int64(n), 0) },
			closed: func() { cancel(nil); outcome.Do(came) },
		}
		return resp, nil
	})
}

// Temporary reports whether a status means that the same request may succeed
// later: 408, 425, 429 and 5xx but 501, 505 and 507.
func Temporary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	}
	return status >= 500
}

// Short makes text of a host safe to print: without secrets, on one line of at
// most limit bytes.
func (h *Host) Short(s string, limit int) string { return text.Short(h.opts.Scrub(s), limit) }

// Scrub removes secrets from a text.
func (h *Host) Scrub(s string) string { return h.opts.Scrub(s) }
