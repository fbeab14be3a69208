package cli

import (
	"errors"
	"io/fs"
	"os"
	"sync"
)

// output is standard output. It remembers a failed write, so that no command
// has to check each line: a command whose results are lost must not succeed.
type output struct {
	*os.File
	mu  sync.Mutex
	err error
}

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	n, err := o.File.Write(p)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

// WriteString implements [io.StringWriter].
func (o *output) WriteString(s string) (int, error) { return o.Write([]byte(s)) }

// failure returns the first error, without the name that the system has for
// standard output.
func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var path *fs.PathError
	if errors.As(o.err, &path) {
		return path.Err
	}
	return o.err
}
