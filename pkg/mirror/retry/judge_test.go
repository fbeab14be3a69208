package retry_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// failed is an error of a known kind, which may wrap another one.
type failed struct {
	what retry.Failure
	err  error
}

func (f failed) Error() string                   { return "failed" }
func (f failed) Unwrap() error                   { return f.err }
func (f failed) Failure(time.Time) retry.Failure { return f.what }

func TestJudge(t *testing.T) {
	answer := func(status int, after time.Duration) error {
		return failed{what: retry.Failure{Kind: retry.Answered, Status: status, After: after}}
	}
	onTheWay := func(err error) error {
		return throttle.OnTheWay("GET", &url.URL{Scheme: "https", Host: "q.invalid"}, err, nil)
	}
	for _, tt := range []struct {
		name string
		err  error
		want retry.Verdict
	}{
		{"404", answer(404, 0), retry.Verdict{}},
		{"500", answer(500, 0), retry.Verdict{Again: true}},
		{"507", answer(507, 0), retry.Verdict{}},
		{"429 with a wait", answer(429, time.Minute), retry.Verdict{Again: true, After: time.Minute, Throttled: true}},
		{"a store's 403", failed{what: retry.Failure{Kind: retry.Store, Status: 403}}, retry.Verdict{Again: true, Most: 1}},
		{"a store's 503", failed{what: retry.Failure{Kind: retry.Store, Status: 503}}, retry.Verdict{Again: true, Throttled: true}},
		{"a lost upload", failed{what: retry.Failure{Kind: retry.Session}, err: answer(404, 0)}, retry.Verdict{Again: true, Most: 3}},
		{"a write that is not seen", failed{what: retry.Failure{Kind: retry.Unseen}}, retry.Verdict{Again: true, Most: 5}},
		{"a write that may not be seen", failed{what: retry.Failure{Kind: retry.Unsure}}, retry.Verdict{Again: true, Most: 3}},
		{"retried elsewhere", failed{what: retry.Failure{Kind: retry.Final}, err: answer(500, 0)}, retry.Verdict{}},
		{"wrapped", fmt.Errorf("copying: %w", answer(500, 0)), retry.Verdict{Again: true}},
		{"a registry that is down", &throttle.DownError{Host: "q.invalid", Err: answer(500, 0)}, retry.Verdict{}},
		{"a broken connection", onTheWay(io.ErrUnexpectedEOF), retry.Verdict{Again: true}},
		{"no such host", onTheWay(&net.DNSError{IsNotFound: true}), retry.Verdict{}},
		{"not HTTP", onTheWay(&throttle.NoHTTPError{Err: io.EOF}), retry.Verdict{Again: true, Most: 1}},
		{"an error of our own", errors.New("no"), retry.Verdict{}},
	} {
		if got := retry.Judge(tt.err, time.Time{}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
