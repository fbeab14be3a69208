package mirror

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// cost is what one destination costs: the requests made under its context, and
// the bytes sent.
type cost struct {
	throttle.Tally
	start time.Time
	bytes atomic.Int64
}

type costKey struct{}

// cost begins to count what a target costs; the first one pays for the source.
func (r *run) cost(j *job, i int, s *shared) *cost {
	c := &s.cost
	if i > 0 {
		c = &cost{}
	}
	c.start = r.opts.Now()
	r.opts.Monitor.begin(j.first+i, r.report.Entries[j.first+i].Destination, c.start)
	return c
}

func (c *cost) into(ctx context.Context) context.Context {
	return context.WithValue(c.Tally.Into(ctx), costKey{}, c)
}

// sent counts bytes for the destination that a context belongs to.
func sent(ctx context.Context, n int64) {
	if c, ok := ctx.Value(costKey{}).(*cost); ok {
		c.bytes.Add(n)
	}
}

// shortest is the shortest time of waiting that is worth telling.
const shortest = 100 * time.Millisecond

// tell puts a cost into an entry.
func (r *run) tell(c *cost, e Entry) Entry {
	e.Started, e.Seconds = c.start.Sub(r.report.Started).Seconds(), r.opts.Now().Sub(c.start).Seconds()
	e.Requests, e.Bytes, e.Waits = c.Requests(), c.bytes.Load(), c.Waits(shortest)
	retries, why := c.Retries()
	if e.Retries = retries; why != nil {
		e.Retried = why.Error()
	}
	return e
}
