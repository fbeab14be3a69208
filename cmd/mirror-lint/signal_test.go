//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The first signal ends the command, whatever it waits for.
func TestSignalsEndTheCommand(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "--baseline", pipe, "../../testdata/release")
		cmd.Env = append(os.Environ(), asCommand+"=1")
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // which waits until the command reads
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.HasPrefix(said.String(), "error: ended by a signal") {
			t.Errorf("%v: %v, %s", sig, err, said.String())
		}
		w.Close()
	}
}

// If standard output is closed or full, the findings are lost: the command
// reports that and writes its other outputs.
func TestLostOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer full.Close()
	r, gone, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer gone.Close()
	for out, want := range map[*os.File]string{full: "no space left on device", gone: "broken pipe"} {
		for _, format := range formatNames() {
			report := filepath.Join(t.TempDir(), "report.json")
			cmd := exec.Command(os.Args[0], "--format", format, "--artifacts", filepath.Dir(report), "--output", "json="+report, "../../testdata/release")
			cmd.Env = append(os.Environ(), asCommand+"=1")
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = out, &said
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 3 || said.String() != "error: standard output could not be written: "+want+"\n" {
				t.Errorf("%s: %v, %s", format, err, said.String())
			}
			if data, err := os.ReadFile(report); err != nil || !bytes.Contains(data, []byte(`"version": 1`)) {
				t.Errorf("%s: the report was not written: %v", format, err)
			}
		}
	}
}
