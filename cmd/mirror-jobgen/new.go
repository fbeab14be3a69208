package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
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
		Short: "Create a set",
		Long: `Create the folder of a set with its mapping file, OWNERS and _job.yaml, and add
its job to the jobs file. Everything else stays unchanged. The job uses the
runner, image, cluster and schedule of most existing jobs.

The command prints the remaining manual steps, with the snippets for this set.
On a terminal it prompts for missing flags.`,
		Example: `  mirror-jobgen new webshop --source registry.ci.openshift.org/webshop/latest:web \
    --destination quay.io/webshop/web:latest --approver alice
  mirror-jobgen new webshop --dry-run …   # print the patch`,
		Args: cli.Args,
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[0]
			return newSet(env, o, folder(args, 1))
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.Sources, "source", nil, "source `IMAGE`; repeatable, one for each destination")
	f.StringArrayVar(&o.Destinations, "destination", nil, "destination `IMAGE` of the source; repeatable")
	f.StringArrayVar(&o.Approvers, "approver", nil, "`LOGIN` or alias of an approver of the set; repeatable")
	cli.WordVar(f, (*string)(&o.Job.Runner), "runner", "", "oc, entrypoint or mirror (default: as most jobs)", runners()...)
	f.StringVar(&o.Job.Cron, "cron", "", "schedule of the job (default: as most jobs)")
	f.StringVar(&o.Job.Image, "image", "", "image of the job (default: as most jobs)")
	f.StringVar(&o.Job.Cluster, "cluster", "", "build cluster of the job (default: as most jobs)")
	f.StringVar(&o.Job.Secret, "secret", "", "secret with push credentials (default: by destination)")
	f.StringVar(&o.Job.SecretKey, "secret-key", "", "key of the auth file in the secret (default: as most jobs)")
	f.BoolVar(&o.dryRun, "dry-run", false, "write nothing; print the patch")
	cli.FlagGroup(cmd, "Set", "source", "destination", "approver")
	cli.FlagGroup(cmd, "Job", "runner", "cron", "image", "cluster", "secret", "secret-key")
	return cmd
}

func runners() []string {
	return []string{string(release.RunnerOC), string(release.RunnerEntrypoint), string(release.RunnerMirror)}
}

func newSet(env cli.Env, o newOptions, dir string) error {
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
	if err := accepted(set.Generated.Jobs.New); err != nil {
		return err
	}
	notes(env, set.Generated.Notes)
	if o.dryRun {
		return printPatch(env, files)
	}
	if err := makeFolder(dir, path.Dir(set.Files[0].Path)); err != nil {
		return cli.Failf("%w", err)
	}
	if err := save(env, dir, files); err != nil {
		return err
	}
	jobChanges(env, set.Generated)
	steps(env, set.Todo)
	return nil
}

// makeFolder creates a folder of the repository. It fails if somebody created it
// meanwhile.
func makeFolder(dir, name string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.Mkdir(filepath.FromSlash(name), 0o755)
}

// missing prompts for missing flags on a terminal.
func missing(env cli.Env, o *jobgen.NewOptions) error {
	if !cli.Terminal(env, env.Stdin) || !cli.Terminal(env, env.Stderr) {
		return nil
	}
	return ask(env.Stdin, env.Stderr, o)
}

// steps prints the manual steps.
func steps(env cli.Env, list []jobgen.Step) {
	for i, step := range list {
		fmt.Fprintf(env.Stdout, "%d. %s:\n%s\n", i+1, text.Line(step.Title), text.Block(indent(step.Text)))
	}
}
