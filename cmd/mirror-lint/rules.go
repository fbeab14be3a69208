package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func rulesCommand(env cli.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "List the rules",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			for _, r := range validate.Rules() {
				fmt.Fprintf(env.Stdout, "%-22s %-8s %s\n", r.ID, r.Severity, r.Title)
			}
			return nil
		},
	}
}

func explainCommand(env cli.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE",
		Short: "Say what a rule means, why it matters and how to fix what it finds",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, r := range validate.Rules() {
				ids = append(ids, r.ID)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			rule, ok := validate.Lookup(args[0])
			if !ok {
				return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("no rule is named %q", args[0]), Hint: "see 'mirror-lint rules'"}
			}
			return explain(env.Stdout, rule)
		},
	}
}
