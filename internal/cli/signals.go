package cli

import (
	"context"
	"io"
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

// interruptible is a reader that stops waiting when the context is cancelled,
// so that a person can leave a prompt.
type interruptible struct {
	ctx  context.Context
	from io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	type result struct {
		data []byte
		err  error
	}
	read := make(chan result, 1)
	size := len(p)
	go func() {
		data := make([]byte, size) // not p, which belongs to a caller that may be gone
		n, err := r.from.Read(data)
		read <- result{data[:n], err}
	}()
	select {
	case got := <-read:
		return copy(p, got.data), got.err
	case <-r.ctx.Done():
		return 0, Failf("interrupted while reading standard input")
	}
}
