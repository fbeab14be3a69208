package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

// zeros is an input without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// An input that is too large is refused: its beginning would be another mapping.
func TestInputIsNeverCut(t *testing.T) {
	line := "a.io/b:v10 c.io/d:v10\n"
	for _, tt := range []struct {
		name string
		in   io.Reader
		ok   bool
	}{
		{"endlessly", zeros{}, false},
		{"one byte too long", io.MultiReader(io.LimitReader(zeros{}, int64(maxInput-len(line)+1)), strings.NewReader(line)), false},
		{"just right", io.LimitReader(zeros{}, maxInput), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, err := readFile(t.Context(), cli.Env{Stdin: tt.in}, "-")
			if tt.ok != (err == nil) || tt.ok && len(data) != maxInput {
				t.Errorf("%d bytes, %v", len(data), err)
			}
		})
	}
}

// A pipe that nobody writes to, or that nobody closes, is given up when the
// context ends.
func TestPipeIsGivenUp(t *testing.T) {
	end := errors.New("the end")
	for _, written := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		if written {
			w, err := os.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := w.WriteString("a.io/b:1 c.io/d:1\n"); err != nil {
				t.Fatal(err)
			}
		}
		go cancel(end)
		if _, err := readFile(ctx, cli.Env{}, name); !errors.Is(err, end) {
			t.Errorf("got %v", err)
		}
		if w, err := os.OpenFile(name, os.O_RDWR, 0); err == nil {
			w.Close() // lets the reader end
		}
	}
}

// TestTimeoutCoversReading gives a survey, which leftovers and login-check begin
// with, a pipe that nobody writes to.
func TestTimeoutCoversReading(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	var o options
	o.bindSurvey(pflag.NewFlagSet("survey", pflag.ContinueOnError))
	o.files, o.times.timeout = []string{name}, time.Millisecond
	env := cli.Env{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}
	if _, err := o.survey(t.Context(), env, nil); !errors.Is(err, errTimeout) {
		t.Errorf("got %v", err)
	}
	if w, err := os.OpenFile(name, os.O_RDWR, 0); err == nil {
		w.Close() // lets the reader end
	}
}
