package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// newOptions are the flags of new.
type newOptions struct {
	jobgen.NewOptions
	dryRun bool
}

func newSetCommand(env cli.Env) *cobra.Command {
	var o newOptions
	cmd := &cobra.Command{
		Use:   "new NAME [DIR]",
		Short: "Start a new set",
		Long: `Write the folder of a new set with its mapping file, OWNERS and _job.yaml, and
add its job to the jobs file. Everything else stays as it is. The job follows
the majority of the jobs that are there: runner, image, cluster, schedule.

What only people can do is printed, with the snippets for this set. On a
terminal, what is missing is asked for.`,
		Example: `  mirror-jobgen new webshop --source registry.ci.openshift.org/webshop/latest:web \
    --destination quay.io/webshop/web:latest --approver alice
  mirror-jobgen new webshop --dry-run …   # print the patch`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[0]
			dir := folder(args, 1)
			return newSet(env, o, dir)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.Sources, "source", nil, "mirror this `IMAGE`; repeatable, one for each destination")
	f.StringArrayVar(&o.Destinations, "destination", nil, "to this `IMAGE`")
	f.StringArrayVar(&o.Approvers, "approver", nil, "`LOGIN` or alias of somebody who approves changes of the set; repeatable")
	f.StringVar((*string)(&o.Job.Runner), "runner", "", "oc, entrypoint or mirror (default: as most jobs)")
	f.StringVar(&o.Job.Cron, "cron", "", "when the job runs (default: as most jobs)")
	f.StringVar(&o.Job.Image, "image", "", "image of the job (default: as most jobs with the runner)")
	f.StringVar(&o.Job.Cluster, "cluster", "", "build cluster that the job runs on (default: as most jobs)")
	f.StringVar(&o.Job.Secret, "secret", "", "secret with the push credentials (default: the one for the destination's organisation)")
	f.StringVar(&o.Job.SecretKey, "secret-key", "", "key of the secret with the auth file (default: as most jobs)")
	f.BoolVar(&o.dryRun, "dry-run", false, "write nothing; print what would be written as a patch")
	cli.Complete(cmd, "runner", runners()...)
	return cmd
}

func runners() []string {
	return []string{string(release.RunnerOC), string(release.RunnerEntrypoint), string(release.RunnerMirror)}
}

func newSet(env cli.Env, o newOptions, dir string) error {
	if o.Job.Runner != "" {
		if err := cli.OneOf("runner", string(o.Job.Runner), runners()); err != nil {
			return err
		}
	}
	tree, err := load(dir)
	if err != nil {
		return err
	}
	if err := missing(env, &o.NewOptions); err != nil {
		return err
	}
	set, err := jobgen.New(tree, o.NewOptions)
	if err != nil {
		return wrong(err)
	}
	files := append(set.Files, changedFiles(set.Generated)...)
	if err := accepted(set.Generated); err != nil {
		return err
	}
	notes(env, set.Generated.Notes)
	if o.dryRun {
		return printPatch(env, files)
	}
	folder := filepath.Join(dir, filepath.Dir(filepath.FromSlash(set.Files[0].Path)))
	if err := os.Mkdir(folder, 0o755); err != nil { // fails if it has appeared since
		return cli.Failf("%w", err)
	}
	if err := write(dir, files); err != nil {
		return err
	}
	wrote(env, files, set.Generated)
	steps(env, set.Todo)
	return nil
}

// missing asks for what no flag gives, on a terminal.
func missing(env cli.Env, o *jobgen.NewOptions) error {
	stdin, ok := env.Stdin.(descriptor)
	if !ok || !cli.Terminal(env, terminal{stdin}) || !cli.Terminal(env, env.Stderr) {
		return nil
	}
	return ask(env.Stdin, env.Stderr, o)
}

// steps prints what only people can do.
func steps(env cli.Env, list []jobgen.Step) {
	for i, step := range list {
		fmt.Fprintf(env.Stdout, "%d. %s:\n%s\n", i+1, step.Title, indent(step.Text))
	}
}
