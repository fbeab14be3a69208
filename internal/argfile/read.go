package argfile

import (
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
func ReadFile(name string) ([]byte, error) { return readAtMost(name, MaxFile) }

// ReadSmall reads an auth file, a token or a certificate: at most [MaxSmall]
// bytes. It may be a pipe, such as that of a command substitution in a shell. If
// nobody writes to the pipe, or writes without end, it fails with [ErrNoData] or
// [treefs.ErrTooBig].
func ReadSmall(name string) ([]byte, error) { return readWithin(name, patience) }

func readWithin(name string, wait time.Duration) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1) // nobody may be left to receive
	go func() {
		data, err := readAtMost(name, MaxSmall)
		done <- result{data, err}
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.data, r.err
	case <-timer.C:
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrNoData}
	}
}

func readAtMost(name string, most int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%w: it has more than %d MiB", treefs.ErrTooBig, most>>20)}
	}
	return data, err
}
