package throttle

import (
	"context"
	"errors"
	"time"
)

// Work is the purpose of a request. The zero value is a request of no
// particular kind for no particular repository.
type Work struct {
	Kind       string // for the statistics, such as "manifest"; the method is put before it
	Repository string // slots are shared evenly among repositories
	// Held means that the caller holds a slot of the host.
	Held bool
	// Brief means that the caller holds a slot of another host, too: the request
	// fails with [ErrLater] instead of waiting for long.
	Brief bool
	// Idle is the longest time without progress; 0 for the host's own.
	Idle time.Duration
	// Small means that the answer is small: the host has answered when all of it
	// is here, not before.
	Small bool
}

type workKey struct{}

// Into returns a context for requests of this work.
func (w Work) Into(ctx context.Context) context.Context { return context.WithValue(ctx, workKey{}, w) }

// WorkOf returns the work that a context carries.
func WorkOf(ctx context.Context) Work {
	w, _ := ctx.Value(workKey{}).(Work)
	return w
}

// Shortly is the longest wait of a brief request for a host.
const Shortly = 5 * time.Second

// ErrLater means that a brief request was not sent, because the host asked for
// a longer wait.
var ErrLater = errors.New("the host will be retried later")

type tryingKey struct{}

// Trying reports whether a request was sent to a host that is down, to check
// whether it still is.
func Trying(ctx context.Context) bool { return ctx.Value(tryingKey{}) != nil }
