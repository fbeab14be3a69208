package mirror

import (
	"context"
	"sync"
)

// memo finds each value once, for whoever asks first; the others wait for it or
// for the end of their context.
type memo[K comparable, V any] struct {
	forget func(error) bool // says which failures are for those only who wait; nil: none

	mu    sync.Mutex
	known map[K]*answer[V]
}

type answer[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func (m *memo[K, V]) get(ctx context.Context, key K, find func() (V, error)) (V, error) {
	m.mu.Lock()
	a, ok := m.known[key]
	if !ok {
		if m.known == nil {
			m.known = map[K]*answer[V]{}
		}
		a = &answer[V]{done: make(chan struct{})}
		m.known[key] = a
		m.mu.Unlock()
		a.value, a.err = find()
		if a.err != nil && m.forget != nil && m.forget(a.err) {
			m.mu.Lock()
			delete(m.known, key)
			m.mu.Unlock()
		}
		close(a.done)
		return a.value, a.err
	}
	m.mu.Unlock()
	select {
	case <-a.done:
		return a.value, a.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}

// peek gives a value that was found, the zero value when none was (yet).
func (m *memo[K, V]) peek(key K) V {
	m.mu.Lock()
	a, ok := m.known[key]
	m.mu.Unlock()
	if ok {
		select {
		case <-a.done:
			return a.value
		default:
		}
	}
	var none V
	return none
}
