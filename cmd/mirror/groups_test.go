package main

import (
	"testing"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

// Each flag is in a group of the help.
func TestFlagGroups(t *testing.T) {
	for _, cmd := range newCommand(cli.Env{}).Commands() {
		n := 0
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			n++
			if len(f.Annotations) == 0 {
				t.Errorf("%s --%s is in no group: add it in groupFlags", cmd.Name(), f.Name)
			}
		})
		if n == 0 {
			t.Errorf("%s has no flags", cmd.Name())
		}
	}
}
