package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

// times are the flags for how long a run may take.
type times struct {
	timeout time.Duration // 0: no limit
	grace   time.Duration // for copies in progress, after a signal
}

func (t *times) bind(f *pflag.FlagSet) {
	t.bindTimeout(f)
	f.DurationVar(&t.grace, "grace", 10*time.Second, "time to finish copies after a signal")
}

// bindTimeout declares the flag of a command that copies nothing.
func (t *times) bindTimeout(f *pflag.FlagSet) {
	f.DurationVar(&t.timeout, "timeout", 0, "end the run after this time (default: no limit)")
}

func (t *times) check() error {
	return cmp.Or(notNegative("--timeout", t.timeout), notNegative("--grace", t.grace))
}

func notNegative(flag string, value time.Duration) error {
	if value < 0 {
		return cli.Usagef("%s %v: the time must not be negative", flag, value)
	}
	return nil
}

// limit returns a context that ends with --timeout.
func (t *times) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, t.timeout, errTimeout)
}

var errTimeout = errors.New("--timeout reached")

// deadlines returns the context of copies in progress: it lasts for a while
// after a signal, and ends with --timeout.
func (t *times) deadlines(ctx context.Context, v *voice) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	end := func(why error) func() { return func() { cancel(why) } }
	stop := context.AfterFunc(ctx, func() {
		v.errors(fmt.Errorf("interrupted: running copies have %v to finish, no new ones start; a third signal stops at once", t.grace))
		time.AfterFunc(t.grace, end(context.Cause(ctx)))
	})
	var timer *time.Timer
	if t.timeout > 0 {
		timer = time.AfterFunc(t.timeout, end(errTimeout))
	}
	return work, func() {
		stop()
		if timer != nil {
			timer.Stop()
		}
		cancel(nil)
	}
}
