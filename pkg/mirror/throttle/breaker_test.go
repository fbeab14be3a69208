package throttle

import (
	"errors"
	"testing"
	"time"
)

// Requests that were in flight together and fail one after the other do not
// open the breaker. Failures of later requests do.
func TestBreakerWantsFreshFailures(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	failed := errors.New("nothing moved")
	var b breaker
	now := start
	for i := range 40 {
		now = start.Add(2*time.Minute + time.Duration(i)*time.Second)
		if down := b.failure(now, start.Add(time.Duration(i)*time.Second), failed, false); down != nil {
			t.Fatalf("opened by failure %d of requests that were under way together", i)
		}
	}
	for i := range downFresh {
		down := b.failure(now.Add(time.Second), now, failed, false)
		if opened := down != nil; opened != (i == downFresh-1) {
			t.Errorf("fresh failure %d: opened is %t", i, opened)
		}
	}
	if since := start.Add(2 * time.Minute); !b.failing().Equal(since) {
		t.Errorf("failing since %v, want %v", b.failing(), since)
	}
	b.success()
	if !b.failing().IsZero() {
		t.Errorf("failing since %v after an answer", b.failing())
	}
	if down := b.failure(now.Add(time.Hour), now.Add(time.Hour), failed, false); down != nil {
		t.Error("one failure after an answer opens it")
	}
}
