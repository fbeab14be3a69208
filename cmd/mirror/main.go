// Mirror copies images between registries as mapping files say.
package main

import "github.com/mirror-tools/mirror-tools/internal/cli"

func main() { cli.Main(newCommand) }
