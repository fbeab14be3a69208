package flight_test

import (
	"sync/atomic"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/flight"
)

func TestEach(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 3, 100} {
		var now, most atomic.Int64
		calls := make([]int, 20)
		flight.Each(len(calls), limit, func(i int) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			calls[i]++
		})
		for i, n := range calls {
			if n != 1 {
				t.Errorf("limit %d: %d was called %d times", limit, i, n)
			}
		}
		if got := most.Load(); got > int64(max(1, limit)) {
			t.Errorf("limit %d: %d calls at a time", limit, got)
		}
	}
}
