package main

import (
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/docs"
)

// docs/cli and docs/man match the command.
func TestReference(t *testing.T) {
	docs.Commands(t, newCommand(cli.Env{Getenv: func(string) string { return "" }}))
}
