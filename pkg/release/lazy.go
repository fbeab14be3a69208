package release

import (
	"sync"
)

// lazy is a fact about a tree that is computed on first use. The zero value is ready
// for use.
type lazy[T any] struct {
	once  sync.Once
	value T
}

func (l *lazy[T]) get(t *Tree, load func(*Tree) T) T {
	l.once.Do(func() { l.value = load(t) })
	return l.value
}
