package main

import (
	"testing"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/docs"
)

// TestReference compares docs/cli and docs/man with the command.
func TestReference(t *testing.T) {
	docs.Commands(t, newCommand(cli.Env{Getenv: func(string) string { return "" }}))
}

// TestFlagsAreShort tests that the description of a flag fits on a line.
func TestFlagsAreShort(t *testing.T) {
	const most = 60
	seen := 0
	for _, cmd := range newCommand(cli.Env{Getenv: func(string) string { return "" }}).Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			seen++
			if n := len(f.Usage); n >= most {
				t.Errorf("%s --%s: %d characters: %s", cmd.Name(), f.Name, n, f.Usage)
			}
		})
	}
	if seen < 30 {
		t.Errorf("only %d flags", seen)
	}
}
