package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func importCommand(env cli.Env) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import [DIR]",
		Short: "Convert hand-written jobs to settings",
		Long: `Read the hand-written jobs file. Write _mirror.yaml and the _job.yaml of each set
so that 'generate' reproduces the file.

Only settings that differ from the defaults are written. The command lists each
job with its settings and its mirror-lint findings. It does not import jobs that
Prow refuses.`,
		Args: cli.Args,
		RunE: func(_ *cobra.Command, args []string) error { return importJobs(env, folder(args, 0), dryRun) },
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; print the patch")
	return cmd
}

func importJobs(env cli.Env, dir string, dryRun bool) error {
	tree, err := load(dir)
	if err != nil {
		return err
	}
	im, err := jobgen.Import(tree)
	if err != nil {
		return wrong(err)
	}
	list := env.Stdout
	if dryRun {
		list = env.Stderr
		if err := printPatch(env, im.Files); err != nil {
			return err
		}
	} else if err := write(dir, im.Files); err != nil {
		return err
	}
	found := findingsByJob(tree, im.Jobs)
	for _, j := range im.Jobs {
		switch {
		case j.Job == "" && j.RunBy != "":
			text.Fprintf(list, "%s has no job of its own; run_by: %s\n", j.Set, j.RunBy)
		case j.Job == "":
			text.Fprintf(list, "no job runs the mappings of %s: disabled; to mirror them, remove disabled from %s\n", j.Set, j.File)
		case len(j.Settings) == 0:
			text.Fprintf(list, "%s: same as the defaults\n", j.Job)
		default:
			text.Fprintf(list, "%s: %s\n", j.Job, strings.Join(j.Settings, ", "))
		}
		for _, f := range found[j.Job] {
			text.Fprintf(list, "  %s: %s [%s]\n", f.Severity, f.Message, f.Rule)
		}
	}
	notes(env, im.Notes)
	same := "the same bytes"
	if !im.Exact {
		same = "the same periodics"
	}
	files := text.Plural(len(im.Files), "settings file")
	if dryRun {
		text.Fprintf(env.Stderr, "%s in the patch; with it, 'mirror-jobgen generate' produces %s\n", files, same)
		return nil
	}
	text.Fprintf(env.Stderr, "wrote %s; 'mirror-jobgen generate' produces %s\n", files, same)
	return nil
}

// findingsByJob returns the mirror-lint findings in the jobs file by the name of
// their job.
func findingsByJob(tree *release.Tree, jobs []jobgen.ImportedJob) map[string][]validate.Finding {
	out := map[string][]validate.Finding{}
	for _, f := range validate.Run(tree, validate.Rules()...).Findings {
		if tree.Jobs == nil || f.Pos.File != tree.Jobs.Path {
			continue
		}
		var in jobgen.ImportedJob
		for _, j := range jobs {
			if j.Job != "" && j.Pos.Line <= f.Pos.Line && j.Pos.Line >= in.Pos.Line {
				in = j
			}
		}
		if in.Job != "" {
			out[in.Job] = append(out[in.Job], f)
		}
	}
	return out
}
