package main

import (
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

// A flag's description fits on a line of the help, and each flag has a heading.
func TestFlagDescriptions(t *testing.T) {
	for _, cmd := range newCommand(cli.Env{}).Commands() {
		n := 0
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			n++
			if _, usage := pflag.UnquoteUsage(f); utf8.RuneCountInString(usage) >= 60 {
				t.Errorf("%s --%s has a description of %d characters: %s", cmd.Name(), f.Name, utf8.RuneCountInString(usage), usage)
			}
			if len(f.Annotations) == 0 {
				t.Errorf("%s --%s is in no group: add it in groupFlags", cmd.Name(), f.Name)
			}
		})
		if n == 0 {
			t.Errorf("%s has no flags", cmd.Name())
		}
	}
}
