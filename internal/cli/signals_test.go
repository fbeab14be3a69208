package cli

import (
	"context"
	"os"
	"testing"
)

func TestWatch(t *testing.T) {
	signals := make(chan os.Signal) // each send waits until it is taken
	ended := make(chan struct{})
	ctx := watch(signals, func() { close(ended) })
	if ctx.Err() != nil {
		t.Error("it ends without a signal")
	}
	signals <- os.Interrupt
	<-ctx.Done()
	if err := context.Cause(ctx); err.Error() != "interrupted" {
		t.Errorf("the cause is %v", err)
	}
	signals <- os.Interrupt
	select {
	case <-ended:
		t.Error("the second signal ends the process")
	default:
	}
	signals <- os.Interrupt
	<-ended
}
