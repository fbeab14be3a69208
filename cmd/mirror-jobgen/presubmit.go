package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// flagWord matches branches, clusters, images and versions.
var flagWord = regexp.MustCompile(`^[-\w./:@+]+$`)

var repository = regexp.MustCompile(`^[-\w.]+/[-\w.]+$`)

func presubmitCommand(env cli.Env) *cobra.Command {
	var o jobgen.PresubmitOptions
	cmd := &cobra.Command{
		Use:   "presubmit [DIR]",
		Short: "Print the presubmits for the release repository",
		Long: `Print a Prow jobs file with these presubmits for the release repository:

  mirror-lint            fails on new findings
  mirror-check-jobs      fails if a generated file is stale
  mirror-check-mappings  fails if a generated mapping file is stale; only for
                         repositories with a _config.yaml
  mirror-diff            shows what is mirrored differently; never fails`,
		Example: `  mirror-jobgen presubmit --optional --build latest ~/release   # first steps, without an image
  mirror-jobgen presubmit --image registry.example.org/ci/mirror-tools:latest ~/release`,
		Args: cli.Args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !repository.MatchString(o.Repository) {
				return cli.Usagef("--repository %q is not of the form ORGANISATION/NAME", o.Repository)
			}
			for _, name := range []string{"branch", "cluster", "image", "build"} {
				f := cmd.Flags().Lookup(name)
				switch value := f.Value.String(); {
				case f.Changed && value == "":
					return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--%s is empty", name), Hint: "check that the variable it comes from is set"}
				case f.Changed && !flagWord.MatchString(value):
					return cli.Usagef("--%s %q has characters that it cannot have", name, value)
				}
			}
			dir := folder(args, 0)
			tree, err := load(dir)
			if err != nil {
				return err
			}
			o.Mappings = slices.ContainsFunc(tree.Sets, func(s *release.Set) bool { return s.Generated != nil })
			if o.Branch == "" {
				o.Branch = branch(tree, o.Repository)
			}
			if o.Build != "" && !cmd.Flags().Changed("image") {
				o.Image = buildImage
			}
			text, err := jobgen.Presubmits(tree, o)
			if err != nil {
				return wrong(err)
			}
			if err := accepted(text); err != nil {
				return err
			}
			if _, err := env.Stdout.Write(text); err != nil {
				return cli.Failf("%w", err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Repository, "repository", "openshift/release", "release repository as `ORGANISATION/NAME`")
	f.StringVar(&o.Branch, "branch", "", "branch (default: from git or job file names, else main)")
	f.StringVar(&o.Cluster, "cluster", "app.ci", "build cluster of the presubmits")
	f.StringVar(&o.Image, "image", "registry.ci.openshift.org/ci/mirror-tools-presubmit:latest", "`IMAGE` with sh, git, mirror-lint and mirror-jobgen")
	f.BoolVar(&o.Optional, "optional", false, "make the presubmits optional for merging")
	f.StringVar(&o.Build, "build", "", "build the commands at this `VERSION` in each job")
	return cmd
}

// buildImage has Go and git.
const buildImage = "docker.io/library/golang:1.26"

var originHead = regexp.MustCompile(`^ref: refs/(?:remotes/origin|heads)/(\S+)\s*$`)

// branch returns the development branch of a repository: the default branch of
// git's remote origin, or the one in the names of its job files.
func branch(tree *release.Tree, repository string) string {
	read := func(name string) string {
		text, err := fs.ReadFile(tree.FS, ".git/"+name)
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
