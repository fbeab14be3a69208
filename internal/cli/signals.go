package cli

import (
	"context"
	"errors"
	"os"
)

// errInterrupted is why a command's context ends after a signal.
var errInterrupted = errors.New("interrupted")

// watch makes a context that the first signal cancels. The second one changes
// nothing, because Prow sends SIGTERM right after SIGINT; the third calls end.
func watch(signals <-chan os.Signal, end func()) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		<-signals
		cancel(errInterrupted)
		<-signals
		<-signals
		end()
	}()
	return ctx
}
