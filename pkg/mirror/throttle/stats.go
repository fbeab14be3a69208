package throttle

import (
	"cmp"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Count is how many requests of one kind got one status.
type Count struct {
	Request string `json:"request"` // such as "HEAD manifest", "PUT blob"
	Status  int    `json:"status"`  // 0: no answer
	Count   int64  `json:"count"`
}

// HostStats are the requests to one host, and its transfers.
type HostStats struct {
	Host     string `json:"host"`
	Requests int64  `json:"requests"`
	Read     int64  `json:"bytesRead"`    // of all response bodies
	Written  int64  `json:"bytesWritten"` // of all request bodies
	Retries  int64  `json:"retries"`
	// Listed counts the tags whose digest came from a list of the repository;
	// By has the requests for lists as "GET listing".
	Listed int64   `json:"listed,omitempty"`
	Paused float64 `json:"pausedSeconds"` // asked for by Retry-After
	By     []Count `json:"by"`
	// Pauses are the times of Paused, at most maxPauses of them.
	Pauses []Pause `json:"pauses,omitempty"`
	// Throttled counts the answers 429 and 503. Slowed are the times from which
	// on the host got fewer requests because of them, at most maxPauses; Paced
	// is how long requests waited for their turn then, summed over them.
	Throttled int64   `json:"throttled,omitempty"`
	Slowed    []Slow  `json:"slowed,omitempty"`
	Paced     float64 `json:"pacedSeconds,omitempty"`
	// Down are the times without requests because nothing but failures came
	// from the host.
	Down []Outage `json:"down,omitempty"`
	// Failing is the first of the latest failures, if nothing but failures has
	// come from the host since; else the zero time.
	Failing time.Time `json:"-"`
}

// Slow is a reduced request rate from a time on.
type Slow struct {
	At        time.Time `json:"at"`
	AtATime   int       `json:"atATime"`   // requests in flight
	PerSecond float64   `json:"perSecond"` // requests begun
}

// Outage is a time in which a host was considered down: from its first failure
// on until it answered again.
type Outage struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty"` // nil: it has not
	Why   string     `json:"why"`             // the last failure
}

// Pause is a time without requests to a host because it asked for that.
type Pause struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
}

// maxPauses limits the pauses that are kept of a host.
const maxPauses = 500

// Stats count the requests to one host.
type Stats struct {
	mu      sync.Mutex
	by      map[Count]int64 // Count.Count is 0 in keys
	read    int64
	written int64
	retries int64
	listed  int64
	paused  time.Duration
	pauses  []Pause
	slow    []Slow
	paced   time.Duration
	down    []Outage
}

func (s *Stats) slowed(at time.Time, limit int, rate float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.slow) < maxPauses {
		s.slow = append(s.slow, Slow{at, limit, rate})
	}
}

func (s *Stats) pacedFor(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paced += d
}

func (s *Stats) isDown(since time.Time, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.down) < maxPauses {
		s.down = append(s.down, Outage{From: since, Why: why})
	}
}

func (s *Stats) isBack(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.down); n > 0 && s.down[n-1].Until == nil {
		s.down[n-1].Until = &at
	}
}

// LimitedBesides reports whether the host has answered 429 to a request of
// another kind, such as "HEAD manifest".
func (s *Stats) LimitedBesides(kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.by {
		if c.Status == http.StatusTooManyRequests && c.Request != kind {
			return true
		}
	}
	return false
}

func (s *Stats) request(kind string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[Count{Request: kind, Status: status}]++
}

func (s *Stats) moved(read, written int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read += read
	s.written += written
}

// Retried counts a retry.
func (s *Stats) Retried() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retries++
}

// Listed counts n tags whose digest came from a list.
func (s *Stats) Listed(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed += int64(n)
}

// pausedFor counts a pause; one that begins where the last one ends is part of
// that one.
func (s *Stats) pausedFor(at time.Time, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused += d
	if n := len(s.pauses); n > 0 {
		if last := &s.pauses[n-1]; last.At.Add(time.Duration(last.Seconds*float64(time.Second))).Sub(at).Abs() < time.Millisecond {
			last.Seconds += d.Seconds()
			return
		}
	}
	if len(s.pauses) < maxPauses {
		s.pauses = append(s.pauses, Pause{at, d.Seconds()})
	}
}

func (s *Stats) snapshot(host string) HostStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := HostStats{Host: host, Read: s.read, Written: s.written, Retries: s.retries, Listed: s.listed, Paused: s.paused.Seconds(), Pauses: slices.Clone(s.pauses)}
	out.Slowed, out.Paced, out.Down = slices.Clone(s.slow), s.paced.Seconds(), slices.Clone(s.down)
	for key, n := range s.by {
		key.Count = n
		out.By = append(out.By, key)
		out.Requests += n
		if key.Status == http.StatusTooManyRequests || key.Status == http.StatusServiceUnavailable {
			out.Throttled += n
		}
	}
	slices.SortFunc(out.By, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Status, b.Status))
	})
	return out
}
