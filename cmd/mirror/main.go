// Mirror copies images between registries as mapping files say.
package main

import (
	"os"
	"runtime/debug"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // a run waits for the network: memory is worth more than this time
	}
	cli.MainToEnd(newCommand)
}
