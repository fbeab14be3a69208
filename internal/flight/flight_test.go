package flight_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/flight"
)

// Many callers get the result of one.
func TestOnce(t *testing.T) {
	var g flight.Group[string, int64]
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if v, err := g.Do(t.Context(), "k", func() (int64, error) { return calls.Add(1), nil }); v != 1 || err != nil {
				t.Errorf("got %d, %v", v, err)
			}
		})
	}
	wg.Wait()
	if n := g.Peek("k"); n != 1 {
		t.Errorf("Peek gives %d", n)
	}
	if n := g.Peek("other"); n != 0 {
		t.Errorf("Peek of what nobody asked for gives %d", n)
	}
}

// A failure for which Forget returns true is only for the callers that waited;
// other results are kept.
func TestForget(t *testing.T) {
	passing, lasting := errors.New("passing"), errors.New("lasting")
	g := flight.Group[string, int]{Forget: func(err error) bool { return errors.Is(err, passing) }}
	answers := []error{passing, lasting, nil}
	calls := 0
	find := func() (int, error) { calls++; return calls, answers[calls-1] }
	for i, want := range []error{passing, lasting, lasting} {
		if _, err := g.Do(t.Context(), "k", find); !errors.Is(err, want) {
			t.Errorf("call %d: got %v, want %v", i, err, want)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

// A caller does the work itself if it does not share the failure of another.
func TestShares(t *testing.T) {
	var g flight.Group[string, int]
	theirs := errors.New("theirs")
	g.Do(t.Context(), "k", func() (int, error) { return 0, theirs })
	v, err := g.DoShared(t.Context(), "k", func(err error) bool { return !errors.Is(err, theirs) }, func() (int, error) { return 7, nil })
	if v != 7 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
	if g.Peek("k") != 7 {
		t.Error("the second result is not kept")
	}
}

// A caller whose context ends does not wait any longer.
func TestContextEnds(t *testing.T) {
	var g flight.Group[string, int]
	begun, waits, finish := make(chan struct{}), make(chan struct{}), make(chan struct{})
	g.Wait = func(context.Context, string) func() { close(waits); return func() {} }
	go g.Do(context.Background(), "k", func() (int, error) { close(begun); <-finish; return 1, nil })
	<-begun
	end := errors.New("ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-waits; cancel(end) }()
	if _, err := g.Do(ctx, "k", nil); !errors.Is(err, end) {
		t.Errorf("got %v", err)
	}
	close(finish)
}

// The work whose value was dropped is not done again.
func TestDrop(t *testing.T) {
	var g flight.Group[string, int]
	calls := 0
	find := func() (int, error) { calls++; return 7, nil }
	g.Drop("k")
	for i, want := range []int{7, 7, 0} {
		if i == 2 {
			g.Drop("k")
		}
		if v, err := g.Do(t.Context(), "k", find); v != want || err != nil {
			t.Errorf("call %d: got %d, %v, want %d", i, v, err, want)
		}
	}
	if calls != 1 {
		t.Errorf("the work was done %d times", calls)
	}
}
