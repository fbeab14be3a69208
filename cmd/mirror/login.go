package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// credentialUse is the result of login-check for one repository.
type credentialUse struct {
	mirror.Access
	Credential string `json:"credential"` // where it stands, "" for none
}

func loginCommand(env cli.Env) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "login-check -f FILE... | SRC DST [DST...]",
		Short: "Check which credentials are used, and that they can pull and push",
		Long: `login-check prints for each repository of the mappings which credential is used
(never its content), whether the sources can be pulled, and whether the
destinations can be pushed. To check a push it starts an upload and cancels it;
it writes nothing. The exit code is 1 if access is denied or cannot be determined.`,
		Example: `  mirror login-check -f mapping_team_latest`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.checkLogin(cmd.Context(), env, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.bindSurvey(f)
	groupFlags(cmd)
	return cmd
}

func (o *options) checkLogin(ctx context.Context, env cli.Env, args []string) error {
	s, err := o.survey(ctx, env, args)
	if err != nil {
		return err
	}
	defer s.close()
	var uses []credentialUse
	ok := !s.broken
	for _, a := range mirror.CheckAccess(s.ctx, s.plan, s.client, 2*s.client.MaxPerHost()) {
		ok = ok && a.Granted
		uses = append(uses, credentialUse{a, s.keychain.Locate(a.Host, a.Path)})
	}
	if o.format == "json" {
		err = text.JSON(env.Stdout, map[string]any{"version": 1, "access": uses})
	} else {
		for _, u := range uses {
			fmt.Fprintln(env.Stdout, text.Line(u.String()))
		}
	}
	if err == nil && !ok {
		err = cli.Exit(cli.ExitFindings)
	}
	return err
}

// String returns a use in one line.
func (u credentialUse) String() string {
	word := "refused"
	switch {
	case u.Granted:
		word = "ok     "
	case !u.Known:
		word = "unknown"
	}
	kind := "pull"
	if u.Push {
		kind = "push"
	}
	with := u.Credential
	if with == "" {
		with = "no credential"
	}
	line := fmt.Sprintf("%s %s %s/%s (%s; %s)", word, kind, u.Host, u.Path, with, text.Plural(u.Entries, "entry"))
	if u.Reason != "" {
		line += ": " + u.Reason
	}
	return line
}
