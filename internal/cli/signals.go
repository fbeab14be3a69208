package cli

import (
	"context"
	"os"
)

// watch makes a context that the first signal cancels. The second one changes
// nothing, because Prow sends SIGTERM right after SIGINT; the third calls end.
func watch(signals <-chan os.Signal, end func()) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-signals
		cancel()
		<-signals
		<-signals
		end()
	}()
	return ctx
}
