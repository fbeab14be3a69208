package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
)

// OneOf checks the value of a flag that takes one of a few words.
func OneOf(flag, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return &Error{Code: ExitUsage, Err: fmt.Errorf("--%s: unknown value %q: use %s", flag, value, Alternatives(allowed)),
		Hint: suggest.Hint(value, allowed, "")}
}

// Alternatives joins words as "a, b or c".
func Alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// Complete makes the shell offer values for a flag of a command.
func Complete(cmd *cobra.Command, flag string, values ...string) {
	fixed := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc(flag, fixed); err != nil {
		panic(err) // the command has no such flag
	}
}

// plainDescriptions takes the back-quotes, which mark the name of a value, out of
// the descriptions of flags: the shell shows them as they are.
func plainDescriptions(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	for _, sub := range cmd.Commands() {
		plainDescriptions(sub)
	}
}
