// Command mirror-jobgen generates the periodics that mirror images from the
// folders of a release repository.
package main

import (
	"os"
	"runtime/debug"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(600 << 20) // above this, collect garbage more often
	}
	cli.Main(newCommand)
}
