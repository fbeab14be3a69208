package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groupOf is the annotation of a flag that names its group in the help.
const groupOf = "mirror-tools/group"

// FlagGroup puts flags of a command under a heading of its help, in the order
// of calls. Flags without a group are last.
func FlagGroup(cmd *cobra.Command, heading string, flags ...string) {
	for _, name := range flags {
		if err := cmd.Flags().SetAnnotation(name, groupOf, []string{heading}); err != nil {
			panic(err) // the command has no such flag
		}
	}
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[groupOf] += heading + "\n" // the headings in order
}

// usage writes the usage of a command, with its flags in groups.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStderr()
	fmt.Fprint(w, "Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s [command]\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	flags(w, cmd)
	if cmd.HasAvailableInheritedFlags() {
		fmt.Fprintf(w, "\nFlags of all commands:\n%s\n", strings.TrimRight(cmd.InheritedFlags().FlagUsages(), "\n"))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nUse \"%s [command] --help\" for more information about a command.\n", cmd.CommandPath())
	}
	return nil
}

// flags writes the flags of a command, group by group.
func flags(w io.Writer, cmd *cobra.Command) {
	groups := map[string]*pflag.FlagSet{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		heading := "Flags"
		if named := f.Annotations[groupOf]; len(named) > 0 {
			heading = named[0]
		}
		if groups[heading] == nil {
			groups[heading] = pflag.NewFlagSet(heading, pflag.ContinueOnError)
		}
		groups[heading].AddFlag(f)
	})
	for _, heading := range append(strings.Split(cmd.Annotations[groupOf], "\n"), "Flags") {
		if g := groups[heading]; g != nil && g.HasAvailableFlags() {
			fmt.Fprintf(w, "\n%s:\n%s\n", heading, strings.TrimRight(g.FlagUsages(), "\n"))
		}
	}
}
