// Command mirror-jobgen generates the periodics that mirror images from the
// folders of a release repository.
package main

import (
	"os"
	"runtime/debug"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

func main() {
	// A command is short and its data small: collecting garbage less often saves
	// a tenth of the time of diff on a whole tree and costs 30 MB.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(600 << 20) // above this, collect garbage more often
	}
	cli.Main(newCommand)
}
