// Mirror-lint checks the image mirroring of a release repository.
package main

import "github.com/mirror-tools/mirror-tools/internal/cli"

func main() { cli.Main(newCommand) }
