package retry

import (
	"errors"
	"net/http"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Verdict is what an error means for a retry.
type Verdict struct {
	Again     bool          // a retry may help
	After     time.Duration // the wait that the host asks for; 0 if it does not say
	Throttled bool          // the host limits our requests; such retries cost no budget
	// Most limits the retries after this kind of failure; 0: as for others.
	Most int
}

// Failure is what an error knows about a failed request.
type Failure struct {
	Kind   Kind
	Status int           // of the host's answer; 0 if there was none
	After  time.Duration // the wait that the answer asks for; see [After]
}

// Kind is the kind of a failure.
type Kind int

// The kinds.
const (
	Final    Kind = iota // the same request fails in the same way, or was retried already
	Answered             // the host answered with a status
	Store                // the target of the host's redirect answered with a status
	Session              // the host no longer knows an upload that it opened
	Unseen               // the host reports as missing what was written a moment ago
	Unsure               // the same, but the host may have another reason
	Crowded              // there is no room for the answer now
)

// Failed is an error that knows what failed. Of several in a chain, [Judge] asks
// the outermost.
type Failed interface {
	error
	// Failure returns what failed; now is for dates in an answer.
	Failure(now time.Time) Failure
}

// Retries of the kinds of failures with a limit of their own.
const (
	storeRetries   = 1 // each with a fresh redirect
	sessionRetries = 3 // each with a new upload
	unseenRetries  = 5
	unsureRetries  = 3
	// A load balancer that is starting may answer something that is not HTTP.
	noHTTPRetries = 1
)

// Judge decides whether a request is sent again after an error. An error that is
// not [Failed] is retried if it happened on the way to the host.
func Judge(err error, now time.Time) Verdict {
	var failed Failed
	switch {
	case errors.As(err, new(*throttle.DownError)):
		return Verdict{}
	case errors.As(err, &failed):
		return failed.Failure(now).verdict()
	case errors.As(err, new(*throttle.NoHTTPError)):
		return Verdict{Again: true, Most: noHTTPRetries}
	}
	return Verdict{Again: throttle.Repeatable(err)}
}

func (f Failure) verdict() Verdict {
	switch f.Kind {
	case Answered:
		return f.answered()
	case Store:
		if v := f.answered(); v.Again {
			return v
		}
		return Verdict{Again: true, Most: storeRetries}
	case Session:
		return Verdict{Again: true, Most: sessionRetries}
	case Unseen:
		return Verdict{Again: true, Most: unseenRetries}
	case Unsure:
		return Verdict{Again: true, Most: unsureRetries}
	case Crowded:
		return Verdict{Again: true}
	}
	return Verdict{}
}

func (f Failure) answered() Verdict {
	return Verdict{Again: throttle.Temporary(f.Status), After: f.After, Throttled: Throttled(f.Status)}
}

// Throttled reports whether a status means that a host limits our requests.
func Throttled(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}
