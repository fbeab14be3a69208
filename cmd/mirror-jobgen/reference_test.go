package main

import (
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/docs"
)

// TestReference compares docs/cli and docs/man with the command.
func TestReference(t *testing.T) {
	docs.Commands(t, newCommand(cli.Env{Getenv: func(string) string { return "" }}))
}
