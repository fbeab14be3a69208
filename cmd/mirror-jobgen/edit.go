package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

func addCommand(env cli.Env) *cobra.Command {
	var file string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "add SET SOURCE DESTINATION [DIR]",
		Short: "Add a line to the mappings of a set",
		Long: `Add a line to the mapping file of the set whose lines are most similar, in sorted
order where the file is sorted. No other line changes.`,
		Example: `  mirror-jobgen add webshop registry.ci.openshift.org/webshop/latest:cart quay.io/webshop/cart:latest`,
		Args:    cli.Args,
		RunE: func(_ *cobra.Command, args []string) error {
			dir := folder(args, 3)
			tree, err := load(dir)
			if err != nil {
				return err
			}
			added, err := jobgen.Add(tree, args[0], args[1], args[2], file)
			if err != nil {
				return wrong(err)
			}
			notes(env, added.Notes)
			if dryRun {
				return printPatch(env, []jobgen.File{added.File})
			}
			return save(env, dir, []jobgen.File{added.File})
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "base name of the `FILE` (default: the most similar one)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; print the patch")
	return cmd
}

func removeCommand(env cli.Env) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "remove SET [DIR]",
		Short: "Remove a set from the repository",
		Long: `Remove the folder of a set and its job. Everything else stays unchanged. The
command lists what you have to remove elsewhere, such as images and credentials.`,
		Args: cli.Args,
		RunE: func(_ *cobra.Command, args []string) error {
			return remove(env, args[0], folder(args, 1), dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; print the patch")
	return cmd
}

func remove(env cli.Env, name, dir string, dryRun bool) error {
	tree, err := load(dir)
	if err != nil {
		return err
	}
	set, err := jobgen.Remove(tree, name)
	if err != nil {
		return wrong(err)
	}
	if err := accepted(set.Generated.Jobs.New); err != nil {
		return err
	}
	notes(env, set.Generated.Notes)
	changed := changedFiles(set.Generated)
	if dryRun {
		return printPatch(env, append(set.Files, changed...))
	}
	if err := write(dir, changed); err != nil {
		return err
	}
	if err := removeFiles(dir, set); err != nil {
		return cli.Failf("removing %s: %w", set.Dir, err)
	}
	text.Fprintf(env.Stderr, "removed %s\n", set.Dir)
	wrote(env, changed)
	jobChanges(env, set.Generated)
	steps(env, set.Left)
	return nil
}

// removeFiles removes the files of a set, and its folders once they are empty.
func removeFiles(dir string, set *jobgen.RemovedSet) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	folders := map[string]bool{set.Dir: true}
	for _, f := range set.Files {
		if err := root.Remove(filepath.FromSlash(f.Path)); err != nil {
			return err
		}
		for d := filepath.ToSlash(filepath.Dir(f.Path)); strings.HasPrefix(d, set.Dir+"/"); d = filepath.ToSlash(filepath.Dir(d)) {
			folders[d] = true
		}
	}
	for _, d := range slices.Backward(slices.Sorted(maps.Keys(folders))) { // the inner ones first
		if err := root.Remove(filepath.FromSlash(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func switchCommand(env cli.Env) *cobra.Command {
	var runner string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "switch --runner RUNNER SET...",
		Short: "Change the runner of sets",
		Long: `Change the runner of sets in their _job.yaml and in their jobs. Everything else
stays unchanged. For each set the command prints what the new runner does
differently. If one set cannot be switched, nothing is written.

The default repository is the one that contains the working folder.`,
		Example: `  mirror-jobgen switch --runner mirror webshop payments
  mirror-jobgen switch --runner oc webshop       # undo`,
		Args: cli.Args,
	}
	f := cmd.Flags()
	cli.WordVar(f, &runner, "runner", "", "new runner: oc, entrypoint or mirror", runners()...)
	f.BoolVar(&dryRun, "dry-run", false, "write nothing; print the patch")
	dir := f.String("repository", "", "root `DIR` of the release repository")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if runner == "" {
			return cli.Usagef("--runner is missing: use %s", cli.Alternatives(runners()))
		}
		var at []string
		if *dir != "" {
			at = append(at, *dir)
		}
		return switchRunner(env, release.Runner(runner), args, at, dryRun)
	}
	return cmd
}

// switchRunner changes the runner of sets. at is the root of the repository, if
// one is named.
func switchRunner(env cli.Env, runner release.Runner, names, at []string, dryRun bool) error {
	dir := folder(at, 0)
	tree, err := load(dir)
	if err != nil {
		return err
	}
	s, err := jobgen.Switch(tree, runner, unique(names)...)
	if err != nil {
		return wrong(err)
	}
	for _, set := range s.Sets {
		if set.From == set.To {
			text.Fprintf(env.Stderr, "%s: the runner is already %s\n", set.Name, set.To)
		} else {
			text.Fprintf(env.Stderr, "%s: %s to %s\n", set.Name, set.From, set.To)
		}
		for _, c := range set.Changes {
			text.Fprintf(env.Stderr, "  changes: %s\n", c)
		}
		for _, p := range set.Obstacles {
			text.Fprintf(env.Stderr, "  obstacle: %s\n    hint: %s\n", p.Error(), p.Hint)
		}
	}
	if s.Blocked() {
		return &cli.Error{Code: cli.ExitUsage, Err: errors.New("nothing was changed: see the obstacles above"), Hint: "follow the hints, or leave those sets out"}
	}
	if err := accepted(s.Generated.Jobs.New); err != nil {
		return err
	}
	notes(env, s.Generated.Notes)
	files := append(s.Files, changedFiles(s.Generated)...)
	if dryRun {
		return printPatch(env, files)
	}
	if err := save(env, dir, files); err != nil {
		return err
	}
	jobChanges(env, s.Generated)
	undo(env, s.Sets, at)
	return nil
}

// undo prints the commands that restore the runners of sets.
func undo(env cli.Env, sets []jobgen.SwitchedSet, at []string) {
	before := map[release.Runner][]string{}
	for _, s := range sets {
		if s.From != s.To {
			before[s.From] = append(before[s.From], s.Name)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(before)) {
		where := ""
		if len(at) > 0 {
			where = " --repository " + shellWord(at[0])
		}
		text.Fprintf(env.Stderr, "to undo: mirror-jobgen switch --runner %s%s %s\n", from, where, strings.Join(before[from], " "))
	}
}

var plainWord = regexp.MustCompile(`^[-\w./]+$`)

// shellWord quotes a word for a shell, if it has to be.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// unique returns words without repetitions, in order.
func unique(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// changedFiles returns the generated files that changed.
func changedFiles(out *jobgen.Output) []jobgen.File {
	var files []jobgen.File
	for _, f := range out.All() {
		if f.Changed() {
			files = append(files, f)
		}
	}
	return files
}

// accepted returns an error if Prow does not load the jobs.
func accepted(jobs []byte) error {
	if err := jobgen.Load(jobs, ""); err != nil {
		return cli.Usagef("%w", err)
	}
	return nil
}

// printPatch prints the changes as a patch for git apply.
func printPatch(env cli.Env, files []jobgen.File) error {
	for _, f := range files {
		if err := cli.PrintPatch(env, string(f.Diff())); err != nil {
			return err
		}
	}
	return nil
}
