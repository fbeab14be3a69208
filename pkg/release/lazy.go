package release

import (
	"sync"
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
