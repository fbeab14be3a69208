package mirror

import (
	"sync"
	"time"
)

// Monitor shows the progress of a run. The zero value is ready for use by one
// run; a nil Monitor does nothing.
type Monitor struct {
	mu      sync.Mutex
	total   int
	done    int
	failed  int
	bytes   int64
	last    time.Time
	working map[int]watched // by entry
}

type watched struct {
	destination string
	since       time.Time
}

// State is the progress of a run.
type State struct {
	Total, Done, Working, Failed int // destinations; Total is 0 until wildcards are expanded
	// Bytes of the blobs that were sent or may have to be sent, for the images
	// that were started.
	Bytes int64
	// Last is when a destination was last finished, the zero time for never.
	Last time.Time
	// Longest is the destination that has been in progress for the longest
	// time; Since is when it was started.
	Longest string
	Since   time.Time
}

// State returns the current state.
func (m *Monitor) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := State{Total: m.total, Done: m.done, Failed: m.failed, Working: len(m.working), Bytes: m.bytes, Last: m.last}
	for _, w := range m.working {
		if s.Longest == "" || w.since.Before(s.Since) || w.since.Equal(s.Since) && w.destination < s.Longest {
			s.Longest, s.Since = w.destination, w.since
		}
	}
	return s
}

// change changes the state, if there is a monitor.
func (m *Monitor) change(f func()) {
	if m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		f()
	}
}

func (m *Monitor) expect(total int) {
	m.change(func() { m.total, m.working = total, map[int]watched{} })
}

func (m *Monitor) begin(entry int, destination string, at time.Time) {
	m.change(func() { m.working[entry] = watched{destination, at} })
}

func (m *Monitor) end(entry int, bad bool, at time.Time) {
	m.change(func() {
		delete(m.working, entry)
		m.done++
		m.last = at
		if bad {
			m.failed++
		}
	})
}

func (m *Monitor) expectBytes(bytes int64) {
	m.change(func() { m.bytes += bytes })
}
