package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
)

func newSetCommand(env cli.Env) *cobra.Command {
	var o jobgen.NewOptions
	cmd := &cobra.Command{
		Use:   "new NAME [DIR]",
		Short: "Start a new set",
		Long: `Write the folder of a new set with its mapping file, OWNERS and _job.yaml, and
make the jobs again. What only people can do is printed, with the snippets for
this set. Nothing that is there is overwritten.`,
		Example: `  mirror-jobgen new webshop --source registry.ci.openshift.org/webshop/latest:web \
    --destination quay.io/webshop/web:latest --approver alice`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[0]
			return newSet(env, o, folder(args, 1))
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.Sources, "source", nil, "mirror this `IMAGE`; repeatable, one for each destination")
	f.StringArrayVar(&o.Destinations, "destination", nil, "to this `IMAGE`")
	f.StringArrayVar(&o.Approvers, "approver", nil, "`LOGIN` or alias of somebody who approves changes of the set; repeatable")
	f.StringVar(&o.Secret, "secret", "", "secret with the push credentials (default: the one for the destination's organisation)")
	return cmd
}

func newSet(env cli.Env, o jobgen.NewOptions, dir string) error {
	tree, err := load(dir)
	if err != nil {
		return err
	}
	set, err := jobgen.New(tree, o)
	if err != nil {
		return wrong(err)
	}
	if err := jobgen.Load(set.Generated.Jobs.New, ""); err != nil {
		return cli.Usagef("%w", err)
	}
	folder := filepath.Join(dir, filepath.Dir(filepath.FromSlash(set.Files[0].Path)))
	if err := os.Mkdir(folder, 0o755); err != nil { // fails if it has appeared since
		return cli.Failf("%w", err)
	}
	files := set.Files
	for _, f := range set.Generated.All() {
		if f.Changed() {
			files = append(files, f)
		}
	}
	if err := write(dir, files); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(env.Stderr, "wrote %s\n", f.Path)
	}
	notes(env, set.Generated.Notes)
	for i, step := range set.Todo {
		fmt.Fprintf(env.Stdout, "%d. %s:\n%s\n", i+1, step.Title, indent(step.Text))
	}
	return nil
}
