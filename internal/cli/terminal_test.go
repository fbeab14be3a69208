package cli

import (
	"bytes"
	"os"
	"testing"
)

// screen keeps what is written to a terminal.
type screen struct {
	bytes.Buffer
	terminal *os.File
}

func (s *screen) Fd() uintptr { return s.terminal.Fd() }

// TestPrintPatch prints a patch that acts on a terminal.
func TestPrintPatch(t *testing.T) {
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal to print to: %v", err)
	}
	defer pty.Close()
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+\x1b]0;owned\a\u202e\n"
	for _, tt := range []struct {
		to   *os.File
		want string
	}{
		{file, patch},
		{pty, "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+\ufffd]0;owned\ufffd\ufffd\n"},
	} {
		out := &screen{terminal: tt.to}
		if err := PrintPatch(Env{Stdout: out, Getenv: func(string) string { return "" }}, patch); err != nil || out.String() != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.to.Name(), &out.Buffer, err, tt.want)
		}
	}
}
