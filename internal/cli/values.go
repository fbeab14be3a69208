package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
)

// WordVar declares a flag that takes one of a few words. The shell offers them, and
// another value is a usage error that suggests the nearest.
func WordVar(f *pflag.FlagSet, p *string, name, value, usage string, words ...string) {
	*p = value
	f.Var(&word{p, name, words}, name, usage)
}

// word is the value of a flag that takes one of a few words.
type word struct {
	value *string
	flag  string
	words []string
}

func (w *word) String() string { return *w.value }
func (w *word) Type() string   { return "string" }

func (w *word) Set(value string) error {
	if slices.Contains(w.words, value) {
		*w.value = value
		return nil
	}
	return &Error{Code: ExitUsage, Err: fmt.Errorf("--%s: unknown value %q: use %s", w.flag, value, Alternatives(w.words)),
		Hint: suggest.Hint(value, w.words, "")}
}

// offerWords makes the shell offer the words of all flags that take words.
func offerWords(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if w, ok := f.Value.(*word); ok {
			Complete(cmd, f.Name, w.words...)
		}
	})
	for _, sub := range cmd.Commands() {
		offerWords(sub)
	}
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
