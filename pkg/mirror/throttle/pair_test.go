package throttle

import (
	"context"
	"runtime"
	"testing"
)

// TestPairGivesBack checks that giving up the wait for the second host releases
// the slot of the first.
func TestPairGivesBack(t *testing.T) {
	hosts := NewHosts(Options{MaxPerHost: 1})
	first, second := hosts.Get("a"), hosts.Get("b")
	if err := second.Slots.Acquire(t.Context(), "busy", 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := pair(ctx, first, second, "a", "b", 9)
		gone <- err
	}()
	for waits := 0; waits == 0; {
		runtime.Gosched()
		second.Slots.mu.Lock()
		waits = len(second.Slots.waiting)
		second.Slots.mu.Unlock()
	}
	cancel()
	if err := <-gone; err == nil {
		t.Error("it did not give up")
	}
	second.Slots.Release("busy")
	for _, h := range []*Host{first, second} {
		if l := h.Slots; l.used != 0 || l.held != 0 || len(l.busy) != 0 || len(l.waiting) != 0 {
			t.Errorf("%s: %d slots, %d of them held, %v, %d wait", h.Name, l.used, l.held, l.busy, len(l.waiting))
		}
	}
}
