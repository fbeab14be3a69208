package main

import (
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/docs"
)

// docs/cli and docs/man say what the command says.
func TestReference(t *testing.T) {
	docs.Commands(t, newCommand(cli.Env{Getenv: func(string) string { return "" }}))
}
