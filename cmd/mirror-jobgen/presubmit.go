package main

import (
	"cmp"
	"os"
	"path/filepath"
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
		Example: `  mirror-jobgen presubmit --optional --build latest ~/release   # without an image, to begin with
  mirror-jobgen presubmit --image registry.example.org/ci/mirror-tools:latest ~/release`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !repository.MatchString(o.Repository) {
				return cli.Usagef("--repository %q is not of the form ORGANISATION/NAME", o.Repository)
			}
			dir := folder(args, 0)
			tree, err := load(dir)
			if err != nil {
				return err
			}
			o.Mappings = slices.ContainsFunc(tree.Sets, func(s *release.Set) bool { return s.Generated != nil })
			if o.Branch == "" {
				o.Branch = branch(dir, tree, o.Repository)
			}
			if o.Build != "" && !cmd.Flags().Changed("image") {
				o.Image = buildImage
			}
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
	f.StringVar(&o.Branch, "branch", "", "its branch (default: as git or the names of its job files have it, else main)")
	f.StringVar(&o.Cluster, "cluster", "app.ci", "build cluster that the presubmits run on")
	f.StringVar(&o.Image, "image", "registry.ci.openshift.org/ci/mirror-tools-presubmit:latest", "image with a shell, git, mirror-lint and mirror-jobgen")
	f.BoolVar(&o.Optional, "optional", false, "merging does not wait for them: to begin with")
	f.StringVar(&o.Build, "build", "", "build the commands at this `VERSION` in each job, in an image with Go: to begin without an image of one's own")
	return cmd
}

// buildImage has Go and git.
const buildImage = "docker.io/library/golang:1.26"

var originHead = regexp.MustCompile(`^ref: refs/(?:remotes/origin|heads)/(\S+)\s*$`)

// branch gives the branch that a repository develops on: the one that git has
// from where it was cloned, or that its job files are named after.
func branch(dir string, tree *release.Tree, repository string) string {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, ".git", name))
		if m := originHead.FindSubmatch(text); err == nil && m != nil {
			return string(m[1])
		}
		return ""
	}
	found := cmp.Or(read("refs/remotes/origin/HEAD"), jobgen.Branch(tree, repository))
	if head := read("HEAD"); found == "" && (head == "main" || head == "master") {
		found = head
	}
	return cmp.Or(found, "main")
}
