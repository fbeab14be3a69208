package main

import (
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

var repository = regexp.MustCompile(`^[-\w.]+/[-\w.]+$`)

func presubmitCommand(env cli.Env) *cobra.Command {
	var o jobgen.PresubmitOptions
	cmd := &cobra.Command{
		Use:   "presubmit [DIR]",
		Short: "Print the presubmits for the release repository",
		Long: `Print a Prow jobs file with the presubmits for the release repository:
mirror-lint for what a change adds, mirror-check-jobs, which fails when a
generated file is not current, mirror-check-mappings, the same for the mapping
files of sets with a _config.yaml, where there are any, and mirror-diff, which
shows what a change mirrors differently and never fails.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !repository.MatchString(o.Repository) {
				return cli.Usagef("--repository %q is not of the form ORGANISATION/NAME", o.Repository)
			}
			tree, err := load(folder(args, 0))
			if err != nil {
				return err
			}
			o.Mappings = slices.ContainsFunc(tree.Sets, func(s *release.Set) bool { return s.Generated != nil })
			text, err := jobgen.Presubmits(tree.Layout, tree.Settings, o)
			if err != nil {
				return cli.Failf("%w", err)
			}
			if _, err := env.Stdout.Write(text); err != nil {
				return cli.Failf("%w", err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Repository, "repository", "openshift/release", "`ORGANISATION/NAME` of the release repository")
	f.StringVar(&o.Branch, "branch", "master", "its branch")
	f.StringVar(&o.Cluster, "cluster", "app.ci", "build cluster that the presubmits run on")
	f.StringVar(&o.Image, "image", "registry.ci.openshift.org/ci/mirror-tools-presubmit:latest", "image with a shell, git, mirror-lint and mirror-jobgen")
	return cmd
}
