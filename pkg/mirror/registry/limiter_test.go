package registry

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// take acquires in the background and waits until the limiter knows of it.
func take(t *testing.T, l *limiter, repo string, size int64, got chan<- string) {
	t.Helper()
	takeBy(t, l, l.acquire, repo, size, got)
}

// takeBy does so by one of the limiter's methods.
func takeBy(t *testing.T, l *limiter, method func(context.Context, string, int64) error, repo string, size int64, got chan<- string) {
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

func TestLimiterOrder(t *testing.T) {
	l := newLimiter(1, 1)
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
		l.release(repo)
	}
	want := []string{"first 0", "b 0", "a 0", "b 500", "a 100", "a 10"}
	if !slices.Equal(order, want) {
		t.Errorf("slots went to %v, want %v", order, want)
	}
}

// TestLimiterFair has a repository that keeps its slots for ever: others get
// the rest, and every slot that becomes free.
func TestLimiterFair(t *testing.T) {
	l := newLimiter(8, 8)
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
		l.release("quick")
	}
	if l.busy["stuck"] != 6 || l.busy["quick"] != 0 {
		t.Errorf("slots: %v, want 6 of 8 for the repository that is stuck", l.busy)
	}
}

func TestLimiterAlone(t *testing.T) {
	l := newLimiter(8, 8)
	for range 8 {
		if err := l.acquire(t.Context(), "only", 0); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.acquire(ctx, "only", 0); err == nil {
		t.Error("a ninth slot of eight")
	}
	if l.used != 8 || len(l.waiting) != 0 {
		t.Errorf("%d used, %d waiting after one gave up", l.used, len(l.waiting))
	}
}

func TestLimiterBound(t *testing.T) {
	l := newLimiter(4, 10)
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

// TestLimiterHold: who waits for another host holds a quarter of the slots at
// most, until that has a slot, too.
func TestLimiterHold(t *testing.T) {
	l := newLimiter(8, 8)
	got := make(chan string, 20)
	for range 5 {
		takeBy(t, l, l.hold, "to", 9, got)
	}
	for range 3 {
		take(t, l, "to", 0, got)
	}
	if l.used != 5 || l.held != 2 || len(l.waiting) != 3 {
		t.Errorf("%d slots, %d of them held, %d wait; want 5, 2 and 3", l.used, l.held, len(l.waiting))
	}
	l.begin()
	if l.used != 6 || l.held != 2 || len(l.waiting) != 2 {
		t.Errorf("after one could begin: %d slots, %d of them held, %d wait; want 6, 2 and 2", l.used, l.held, len(l.waiting))
	}
}

// TestPairGivesBack: who gives up waiting for the second of two hosts leaves
// nothing behind at the first.
func TestPairGivesBack(t *testing.T) {
	c := New(Options{MaxPerHost: 1})
	defer c.Close()
	first, second := c.host("127.0.0.1:1"), c.host("127.0.0.1:2")
	if err := second.limiter.acquire(t.Context(), "busy", 0); err != nil {
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
		second.limiter.mu.Lock()
		waits = len(second.limiter.waiting)
		second.limiter.mu.Unlock()
	}
	cancel()
	if err := <-gone; err == nil {
		t.Error("it did not give up")
	}
	second.limiter.release("busy")
	for _, h := range []*host{first, second} {
		if l := h.limiter; l.used != 0 || l.held != 0 || len(l.busy) != 0 || len(l.waiting) != 0 {
			t.Errorf("%s: %d slots, %d of them held, %v, %d wait", h.name, l.used, l.held, l.busy, len(l.waiting))
		}
	}
}
