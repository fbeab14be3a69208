package retry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// NewTransport wraps a transport in limits, pace, circuit breaker and retries,
// for any client of registries. A request with a body is retried only if it has
// GetBody.
//
// The answer of the last attempt is returned unchanged, up to 64 KiB of it if
// it is 429 or 5xx. An error wraps a [*throttle.NetworkError], is a
// [*throttle.DownError], or is the cause of the context.
func NewTransport(next http.RoundTripper, hosts *throttle.Hosts, policy Policy) http.RoundTripper {
	opts := hosts.Options()
	return throttle.Func(func(r *http.Request) (*http.Response, error) {
		host := hosts.Get(r.URL.Host)
		loop := &Loop{Policy: policy.WithDefaults(), Host: host, Clock: opts.Clock, Log: opts.Log}
		send := throttle.Wrap(host, next)
		repeatable := r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
		attempt := r
		var resp *http.Response
		err := loop.Do(r.Context(), func() (err error) {
			if resp, err = send.RoundTrip(attempt); err == nil && throttle.Temporary(resp.StatusCode) {
				err = whole(resp, opts.Clock.Now())
			}
			if err == nil || !repeatable {
				return Enough(err)
			}
			attempt = r.Clone(r.Context())
			if r.GetBody != nil {
				var bodyErr error
				if attempt.Body, bodyErr = r.GetBody(); bodyErr != nil {
					return bodyErr
				}
			}
			return err
		})
		if resp != nil {
			return resp, nil
		}
		return nil, err
	})
}

const maxErrorBody = 64 << 10

// whole reads an answer that may be the last one, so that no request is in
// flight during a wait.
func whole(resp *http.Response, now time.Time) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return &statusError{resp.StatusCode, After(resp.Header, now)}
}

// statusError is an answer after which a request may be retried.
type statusError struct {
	status int
	after  time.Duration
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%d %s", e.status, http.StatusText(e.status))
}

// Failure implements [Failed].
func (e *statusError) Failure(time.Time) Failure {
	return Failure{Kind: Answered, Status: e.status, After: e.after}
}
