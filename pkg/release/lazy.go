package release

import "sync"

// lazy is a fact that is worked out when it is first asked for. The zero value
// is ready for use.
type lazy[T any] struct {
	once  sync.Once
	value T
}

func (l *lazy[T]) get(work func() T) T {
	l.once.Do(func() { l.value = work() })
	return l.value
}
