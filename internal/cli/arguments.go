package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Args checks the number of a command's arguments against its Use line: words in
// brackets are optional, "..." repeats a word, and a flag has one value.
func Args(cmd *cobra.Command, args []string) error {
	var required, all []string
	limit := 0
	words := strings.Fields(cmd.Use)[1:]
	for i := 0; i < len(words); i++ {
		if strings.HasPrefix(words[i], "-") {
			i++
			continue
		}
		all = append(all, words[i])
		if !strings.HasPrefix(words[i], "[") {
			required = append(required, strings.TrimSuffix(words[i], "..."))
		}
		if limit++; strings.HasSuffix(words[i], "...") {
			limit = len(args) + 1
		}
	}
	var problem string
	switch takes := "no arguments"; {
	case len(args) < len(required):
		problem = fmt.Sprintf("%s needs %s", cmd.CommandPath(), strings.Join(required, " "))
	case len(args) > limit:
		if len(all) > 0 {
			takes = strings.Join(all, " ")
		}
		problem = fmt.Sprintf("unexpected argument %q: %s takes %s", args[limit], cmd.CommandPath(), takes)
	default:
		return nil
	}
	return &Error{Code: ExitUsage, Err: fmt.Errorf("%s", problem),
		Hint: fmt.Sprintf("write '%s', or see '%s --help'", cmd.UseLine(), cmd.CommandPath())}
}
