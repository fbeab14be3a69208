// Package flight does a piece of work once for all callers that need its
// result.
package flight

import (
	"context"
	"sync"
)

// Group does the work of each key once: the first caller does it, and later
// callers wait for the result. The zero value is ready for use and keeps every
// result.
type Group[K comparable, V any] struct {
	// Forget reports whether a result, with its error or nil, is only for the
	// callers that waited for it. The next caller does the work again. A nil
	// Forget keeps every result.
	Forget func(err error) bool
	// Wait is called before a caller waits for another; the function that it
	// returns is called afterwards. It may be nil.
	Wait func(ctx context.Context, key K) (done func())

	mu    sync.Mutex
	calls map[K]*call[V]
}

type call[V any] struct {
	done  chan struct{} // nil once the work is done
	value V
	err   error
}

// Do returns the result of the work of a key, which find does. A caller whose
// context ends while it waits gets the cause of that.
func (g *Group[K, V]) Do(ctx context.Context, key K, find func() (V, error)) (V, error) {
	return g.DoShared(ctx, key, func(error) bool { return true }, find)
}

// DoShared is Do for a caller that does not share every failure of others: where
// shares reports false for one, the caller does the work itself.
func (g *Group[K, V]) DoShared(ctx context.Context, key K, shares func(error) bool, find func() (V, error)) (V, error) {
	for {
		c, first := g.call(key)
		if first {
			return g.lead(key, c, find)
		}
		if err := g.join(ctx, key, c); err != nil {
			var none V
			return none, err
		}
		if value, err := g.result(c); err == nil || shares(err) {
			return value, err
		}
		g.remove(key, c)
	}
}

// Peek returns the value of a key, or the zero value if it is not known.
func (g *Group[K, V]) Peek(key K) V {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[key]; c != nil && c.done == nil {
		return c.value
	}
	var none V
	return none
}

// Drop frees the value of a key whose work is done, but does not have the work
// done again: later callers get the zero value.
func (g *Group[K, V]) Drop(key K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[key]; c != nil && c.done == nil {
		var none V
		c.value = none
	}
}

func (g *Group[K, V]) call(key K) (c *call[V], first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.calls[key]
	if ok {
		return c, false
	}
	if g.calls == nil {
		g.calls = map[K]*call[V]{}
	}
	c = &call[V]{done: make(chan struct{})}
	g.calls[key] = c
	return c, true
}

func (g *Group[K, V]) lead(key K, c *call[V], find func() (V, error)) (V, error) {
	value, err := find()
	g.mu.Lock()
	defer g.mu.Unlock()
	c.value, c.err = value, err
	if g.Forget != nil && g.Forget(err) && g.calls[key] == c {
		delete(g.calls, key)
	}
	close(c.done)
	c.done = nil // a run keeps many results, and the channel is most of their size
	return value, err
}

func (g *Group[K, V]) result(c *call[V]) (V, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return c.value, c.err
}

// join waits until the work of another caller is done.
func (g *Group[K, V]) join(ctx context.Context, key K, c *call[V]) error {
	g.mu.Lock()
	done := c.done
	g.mu.Unlock()
	if done == nil {
		return nil
	}
	if g.Wait != nil {
		defer g.Wait(ctx, key)()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *Group[K, V]) remove(key K, c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[key] == c {
		delete(g.calls, key)
	}
}
