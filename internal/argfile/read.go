package argfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// MaxFile and MaxSmall are the largest files, in bytes, that [ReadFile] and
// [ReadSmall] read.
const (
	MaxFile  = 256 << 20
	MaxSmall = 4 << 20
)

// patience is how long [ReadSmall] waits for a file, which may be a pipe.
const patience = 30 * time.Second

// ErrNoData means that a file, such as a pipe that nobody writes to, did not
// arrive in time.
var ErrNoData = errors.New("nothing arrives from it")

// ReadFile reads a file of at most [MaxFile] bytes.
func ReadFile(name string) ([]byte, error) { return ReadAtMost(name, MaxFile) }

// ReadSmall reads an auth file, a token or a certificate: at most [MaxSmall]
// bytes. It may be a pipe, such as that of a command substitution in a shell. If
// nobody writes to the pipe, or writes without end, it fails with [ErrNoData] or
// [treefs.ErrTooBig].
func ReadSmall(name string) ([]byte, error) { return readWithin(name, patience) }

func readWithin(name string, wait time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), wait, &fs.PathError{Op: "read", Path: name, Err: ErrNoData})
	defer cancel()
	return Await(ctx, func() ([]byte, error) { return ReadAtMost(name, MaxSmall) })
}

// Await returns what read reads from a file or stream that may never end, or the
// cause of the context's end.
func Await(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1) // nobody may be left to receive
	go func() {
		data, err := read()
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ReadAtMost reads a file. If it has more than most bytes, the error is
// [treefs.ErrTooBig].
func ReadAtMost(name string, most int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := ReadStream(f, most)
	if errors.Is(err, treefs.ErrTooBig) {
		err = &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, err
}

// ReadStream reads a stream to its end. If it has more than most bytes, the error
// is [treefs.ErrTooBig].
func ReadStream(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, fmt.Errorf("%w: it has more than %d MiB", treefs.ErrTooBig, most>>20)
	}
	return data, err
}
