package registry

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Count is how many requests of one kind got one answer.
type Count struct {
	Request string `json:"request"` // such as "HEAD manifest", "PUT blob"
	Status  int    `json:"status"`  // 0: no answer
	Count   int64  `json:"count"`
}

// HostStats is what was asked of one host and moved from and to it.
type HostStats struct {
	Host     string  `json:"host"`
	Requests int64   `json:"requests"`
	Read     int64   `json:"bytesRead"`    // of response bodies of blobs and manifests
	Written  int64   `json:"bytesWritten"` // of request bodies of blobs and manifests
	Retries  int64   `json:"retries"`
	Paused   float64 `json:"pausedSeconds"` // asked for by Retry-After
	By       []Count `json:"by"`
	// Pauses are the times of Paused, at most maxPauses of them.
	Pauses []Pause `json:"pauses,omitempty"`
}

// Pause is a time in which a host was left alone because it asked for it.
type Pause struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
}

// maxPauses bounds the pauses that are remembered of a host.
const maxPauses = 500

type stats struct {
	mu      sync.Mutex
	by      map[Count]int64 // Count.Count is 0 in keys
	read    int64
	written int64
	retries int64
	paused  time.Duration
	pauses  []Pause
}

func (s *stats) request(kind string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[Count{Request: kind, Status: status}]++
}

func (s *stats) moved(read, written int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read += read
	s.written += written
}

func (s *stats) retried() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retries++
}

// pausedFor counts a pause; one that begins where the last one ends is part of
// that one.
func (s *stats) pausedFor(at time.Time, d time.Duration) {
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

func (s *stats) snapshot(host string) HostStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := HostStats{Host: host, Read: s.read, Written: s.written, Retries: s.retries, Paused: s.paused.Seconds(), Pauses: slices.Clone(s.pauses)}
	for key, n := range s.by {
		key.Count = n
		out.By = append(out.By, key)
		out.Requests += n
	}
	slices.SortFunc(out.By, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Status, b.Status))
	})
	return out
}
