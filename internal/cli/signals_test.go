package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
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
	signals <- os.Interrupt
	select {
	case <-ended:
		t.Error("the second signal ends the process")
	default:
	}
	signals <- os.Interrupt
	<-ended
}

// Reading standard input ends with the first signal.
func TestInterruptible(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	long := strings.Repeat("a line\n", 10_000)
	got, err := io.ReadAll(interruptible{ctx, strings.NewReader(long)})
	if err != nil || string(got) != long {
		t.Errorf("%d bytes of %d, %v", len(got), len(long), err)
	}
	silent, w := io.Pipe()
	defer w.Close()
	go cancel()
	_, err = io.ReadAll(interruptible{ctx, silent})
	var e *Error
	if !errors.As(err, &e) || e.Code != ExitFailed || !strings.Contains(e.Error(), "interrupted") {
		t.Errorf("got %v", err)
	}
}
