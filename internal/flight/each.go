package flight

import "golang.org/x/sync/errgroup"

// Each calls do with 0 to n-1, in order, on at most limit goroutines, and returns
// when all calls have ended. A limit below 1 is 1.
func Each(n, limit int, do func(i int)) {
	var group errgroup.Group
	group.SetLimit(max(1, limit))
	for i := range n {
		group.Go(func() error {
			do(i)
			return nil
		})
	}
	_ = group.Wait() // do reports its own errors
}
