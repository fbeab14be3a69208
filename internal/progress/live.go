package progress

import (
	"cmp"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Live is the live area of a terminal: a bar for images, one for bytes, and a
// line with what the run waits for. Text that is written to it appears above.
type Live struct {
	terminal io.Writer
	area     *mpb.Progress
	images   *mpb.Bar
	bytes    *mpb.Bar
	line     *mpb.Bar
	frame    atomic.Pointer[Snapshot]
	refresh  chan any
	done     chan struct{}
	stopped  sync.WaitGroup
}

// NewLive draws the area on a terminal, anew at each tick with the snapshot of
// that moment, until Stop is called.
func NewLive(terminal io.Writer, take func() Snapshot, tick <-chan time.Time) *Live {
	return newLive(terminal, mpb.WithOutput(terminal), take, tick)
}

func newLive(terminal io.Writer, out mpb.ContainerOption, take func() Snapshot, tick <-chan time.Time) *Live {
	l := &Live{terminal: terminal, refresh: make(chan any), done: make(chan struct{})}
	l.frame.Store(&Snapshot{})
	l.area = mpb.New(out, mpb.WithManualRefresh(l.refresh))
	text := func(f func(Snapshot) string) decor.Decorator {
		return decor.Any(func(decor.Statistics) string { return f(*l.frame.Load()) })
	}
	bar := mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]")
	l.images = l.area.New(0, bar, mpb.BarWidth(24), mpb.AppendDecorators(text(Snapshot.images)))
	l.bytes = l.area.New(0, bar, mpb.BarWidth(24), mpb.AppendDecorators(text(Snapshot.sent)))
	l.line = l.area.New(0, mpb.NopStyle(), mpb.PrependDecorators(text(func(s Snapshot) string {
		return join(s.waiting())
	})))
	l.stopped.Go(func() {
		for {
			select {
			case at := <-tick:
				l.draw(take(), at)
			case <-l.done:
				return
			}
		}
	})
	return l
}

// join keeps the line from being empty, which would make the area jump.
func join(parts []string) string {
	return cmp.Or(strings.Join(parts, " · "), "resolving the mappings")
}

func (l *Live) draw(s Snapshot, at time.Time) {
	l.frame.Store(&s)
	l.images.SetTotal(int64(s.Total), false)
	l.images.SetCurrent(int64(s.Done))
	l.bytes.SetTotal(s.Bytes, false)
	l.bytes.SetCurrent(min(s.Sent, s.Bytes))
	select {
	case l.refresh <- at:
	case <-l.done:
	}
}

// Write puts text above the area; it appears at the next tick. When the area
// could not be drawn any more, it goes to the terminal as it is.
func (l *Live) Write(p []byte) (int, error) {
	if n, err := l.area.Write(p); err == nil {
		return n, nil
	}
	return l.terminal.Write(p)
}

// Stop removes the area after everything that was written has appeared.
func (l *Live) Stop() {
	close(l.done)
	l.stopped.Wait()
	for _, b := range []*mpb.Bar{l.images, l.bytes, l.line} {
		b.Abort(true)
	}
	l.area.Wait()
}

// Beat calls tell with a snapshot at each tick, until stop is called.
func Beat(take func() Snapshot, tick <-chan time.Time, tell func(Snapshot)) (stop func()) {
	done := make(chan struct{})
	var stopped sync.WaitGroup
	stopped.Go(func() {
		for {
			select {
			case <-tick:
				tell(take())
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		stopped.Wait()
	}
}
