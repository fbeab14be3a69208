package throttle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// take acquires a slot in the background and waits until the request is queued.
func take(t *testing.T, l *Slots, repo string, size int64, got chan<- string) {
	t.Helper()
	takeBy(t, l, l.Acquire, repo, size, got)
}

// takeBy is take with another method of Slots.
func takeBy(t *testing.T, l *Slots, method func(context.Context, string, int64) error, repo string, size int64, got chan<- string) {
	t.Helper()
	l.mu.Lock()
	before := len(l.waiting) + l.used
	l.mu.Unlock()
	go func() {
		if err := method(context.Background(), repo, size); err == nil {
			got <- fmt.Sprintf("%s %d", repo, size)
		}
	}()
	for {
		l.mu.Lock()
		now := len(l.waiting) + l.used
		l.mu.Unlock()
		if now > before {
			return
		}
	}
}

func TestSlotsOrder(t *testing.T) {
	l := NewSlots(1, 1)
	got := make(chan string, 20)
	take(t, l, "first", 0, got)
	for _, w := range []struct {
		repo string
		size int64
	}{{"a", 10}, {"b", 500}, {"b", 0}, {"a", 0}, {"a", 100}} {
		take(t, l, w.repo, w.size, got)
	}
	var order []string
	for range 6 {
		s := <-got
		order = append(order, s)
		repo, _, _ := strings.Cut(s, " ")
		l.Release(repo)
	}
	want := []string{"first 0", "b 0", "a 0", "b 500", "a 100", "a 10"}
	if !slices.Equal(order, want) {
		t.Errorf("slots went to %v, want %v", order, want)
	}
}

// TestSlotsFair has a repository that never releases its slots: others get the
// rest, and every slot that becomes free.
func TestSlotsFair(t *testing.T) {
	l := NewSlots(8, 8)
	got := make(chan string, 100)
	take(t, l, "quick", 0, got)
	for range 20 {
		take(t, l, "stuck", 0, got)
	}
	for range 20 {
		take(t, l, "quick", 0, got)
	}
	for range 21 {
		for s := range got {
			if s == "quick 0" {
				break
			}
		}
		l.Release("quick")
	}
	if l.busy["stuck"] != 6 || l.busy["quick"] != 0 {
		t.Errorf("slots: %v, want 6 of 8 for the repository that is stuck", l.busy)
	}
}

func TestSlotsAlone(t *testing.T) {
	l := NewSlots(8, 8)
	for range 8 {
		if err := l.Acquire(t.Context(), "only", 0); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Acquire(ctx, "only", 0); err == nil {
		t.Error("a ninth slot of eight")
	}
	if l.used != 8 || len(l.waiting) != 0 {
		t.Errorf("%d used, %d waiting after one gave up", l.used, len(l.waiting))
	}
}

func TestSlotsBound(t *testing.T) {
	l := NewSlots(4, 10)
	want := func(limit int, after string) {
		t.Helper()
		if l.limit != limit {
			t.Errorf("the bound is %d after %s, want %d", l.limit, after, limit)
		}
	}
	for range 4 {
		l.succeeded()
	}
	want(8, "four successes")
	for range 10 {
		l.succeeded()
	}
	want(10, "many successes")
	l.shrink()
	want(5, "a host that said stop")
	for range 19 {
		l.succeeded()
	}
	want(5, "19 successes of 20")
	l.succeeded()
	want(6, "20 successes")
	for range 4 {
		l.shrink()
	}
	want(1, "being stopped again and again")
}

// TestSlotsHold checks that requests that wait for another host hold at most a
// quarter of the slots.
func TestSlotsHold(t *testing.T) {
	l := NewSlots(8, 8)
	got := make(chan string, 20)
	for range 5 {
		takeBy(t, l, l.Hold, "to", 9, got)
	}
	for range 3 {
		take(t, l, "to", 0, got)
	}
	if l.used != 5 || l.held != 2 || len(l.waiting) != 3 {
		t.Errorf("%d slots, %d of them held, %d wait; want 5, 2 and 3", l.used, l.held, len(l.waiting))
	}
	l.Begin()
	if l.used != 6 || l.held != 2 || len(l.waiting) != 2 {
		t.Errorf("after one could begin: %d slots, %d of them held, %d wait; want 6, 2 and 2", l.used, l.held, len(l.waiting))
	}
}
