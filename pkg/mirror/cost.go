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

func (c *cost) into(ctx context.Context) context.Context {
	return context.WithValue(c.Tally.Into(ctx), costKey{}, c)
}

// sent counts bytes for the destination that a context belongs to.
func sent(ctx context.Context, n int64) {
	if c, ok := ctx.Value(costKey{}).(*cost); ok {
		c.bytes.Add(n)
	}
}

// shortest is the shortest wait that is reported.
const shortest = 100 * time.Millisecond
