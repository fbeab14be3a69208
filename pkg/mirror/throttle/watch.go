package throttle

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// leastRate is the slowest transfer that is not ended, in bytes a second over
// the idle time.
const leastRate = 2 << 10

var (
	errIdle = errors.New("no data for too long")
	errSlow = errors.New("transfer too slow for too long")
)

// ErrAnswered is what the body of a request returns to a transport that reads it
// although the request already has its response.
var ErrAnswered = errors.New("the request already has its response")

// watch ends a request when the other side is too slow: when, over the idle
// time of waiting for it, fewer bytes moved than leastRate. Time in which we do
// something else does not count.
type watch struct {
	now  func() time.Time
	idle time.Duration
	end  context.CancelCauseFunc

	mu     sync.Mutex
	timer  *time.Timer
	since  time.Time // when the wait began; zero: nobody waits
	waited time.Duration
	moved  int64
}

func newWatch(now func() time.Time, idle time.Duration, end context.CancelCauseFunc) *watch {
	w := &watch{now: now, idle: idle, end: end, since: now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(idle, w.over)
	return w
}

func (w *watch) over() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() || w.waited+w.now().Sub(w.since) < w.idle {
		return // the timer fired while it was stopped
	}
	if w.moved > 0 {
		w.end(errSlow)
		return
	}
	w.end(errIdle)
}

// wait starts to wait for the other side.
func (w *watch) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = w.now()
	w.timer.Reset(w.idle - w.waited)
}

// rest ends the wait, in which n bytes moved; fresh resets its duration.
func (w *watch) rest(n int, fresh bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	if !w.since.IsZero() {
		w.waited += w.now().Sub(w.since)
		w.since = time.Time{}
	}
	w.moved += int64(n)
	if fresh || w.moved >= int64(w.idle.Seconds()*leastRate) {
		w.waited, w.moved = 0, 0
	}
}

// answerBody is a response's body: a read waits for the other side. Its errors
// name the host.
type answerBody struct {
	io.ReadCloser
	watch  *watch
	moved  func(n int)
	failed func(error) error
	closed func()
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.watch.wait()
	n, err := b.ReadCloser.Read(p)
	b.watch.rest(n, false)
	b.moved(n)
	if err != nil && err != io.EOF {
		err = b.failed(err)
	}
	return n, err
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.watch.rest(0, true)
	b.closed()
	return err
}

// questionBody is a request's body: we wait for the other side while nobody
// reads from it.
type questionBody struct {
	io.ReadCloser
	watch *watch
	moved func(n int) // counts bytes while they are sent
	broke atomic.Bool // it could not be read to its end, which is our fault
}

func (b *questionBody) Read(p []byte) (int, error) {
	b.watch.rest(0, false)
	n, err := b.ReadCloser.Read(p)
	b.moved(n)
	if err != nil && err != io.EOF && err != ErrAnswered {
		b.broke.Store(true)
	}
	b.watch.rest(n, err != nil)
	b.watch.wait()
	return n, err
}
