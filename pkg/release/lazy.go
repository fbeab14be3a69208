package release

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// lazy is a fact that is computed on first use. The zero value is ready for
// use.
type lazy[T any] struct {
	once  sync.Once
	value T
}

func (l *lazy[T]) get(work func() T) T {
	l.once.Do(func() { l.value = work() })
	return l.value
}

// inParallel calls work with each number below n, on as many goroutines as there
// are processors.
func inParallel(n int, work func(i int)) {
	var wg sync.WaitGroup
	var begun atomic.Int64
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(begun.Add(1)) - 1; i < n; i = int(begun.Add(1)) - 1 {
				work(i)
			}
		})
	}
	wg.Wait()
}
