// Command mirror-jobgen makes the periodics that mirror images from the folders
// of a release repository.
package main

import "github.com/mirror-tools/mirror-tools/internal/cli"

func main() { cli.Main(newCommand) }
