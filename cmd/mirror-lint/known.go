package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// known are the flags that leave out findings that are known already.
type known struct {
	newFrom   revision
	trustBase bool
	baseline  string
	write     bool
}

func (o *known) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&o.newFrom, "new-from", "report only findings that are new since git `REV`")
	f.BoolVar(&o.trustBase, "trust-base", false, "read the settings at the revision of --new-from")
	f.StringVar(&o.baseline, "baseline", "", "hide the findings that are listed in `FILE`")
	f.BoolVar(&o.write, "write-baseline", false, "write all findings to --baseline and report none")
	cli.FlagGroup(cmd, "New findings", "new-from", "trust-base", "baseline", "write-baseline")
}

// revision is the value of --new-from. An empty one is an error: it comes from a
// variable that is not set, and would otherwise report everything.
type revision string

func (r *revision) String() string { return string(*r) }
func (r *revision) Type() string   { return "string" }

func (r *revision) Set(value string) error {
	if value == "" {
		return errors.New("the revision is empty: name a commit, or check that the variable it comes from is set")
	}
	*r = revision(value)
	return nil
}

func (o known) check() error {
	switch {
	case o.trustBase && o.newFrom == "":
		return cli.Usagef("--trust-base needs --new-from REV")
	case o.write && o.baseline == "":
		return cli.Usagef("--write-baseline needs --baseline FILE")
	case o.write && o.newFrom != "":
		return cli.Usagef("--write-baseline and --new-from cannot be combined: a baseline holds all findings")
	}
	return nil
}

// any reports whether known findings are left out.
func (o known) any() bool { return o.newFrom != "" || o.baseline != "" }

// narrow removes known findings: those of a git revision, and of a baseline.
func (o known) narrow(env cli.Env, dir string, tree *release.Tree, result *validate.Result) error {
	if o.newFrom != "" {
		if err := o.since(dir, tree, result); err != nil {
			return err
		}
	}
	if o.baseline == "" {
		return nil
	}
	if o.write {
		if err := argfile.Write(o.baseline, validate.KnownOf(result).Write); err != nil {
			return cli.Failf("writing the baseline: %w", err)
		}
		fmt.Fprintf(env.Stderr, "wrote %s, number of findings: %d; --baseline %[1]s leaves them out from now on\n", o.baseline, len(result.Findings))
		result.Findings = nil
		return nil
	}
	data, err := argfile.ReadFile(o.baseline)
	if err != nil {
		return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--baseline: %w", err), Hint: "write it with --write-baseline"}
	}
	known, err := validate.ReadKnown(data)
	if err != nil {
		return cli.Usagef("%s: %w", o.baseline, err)
	}
	if o.newFrom == "" { // otherwise what is missing may just be old
		known.Stale(result, o.baseline, tree.Settings)
		known.New(result)
		return nil
	}
	before, file, err := o.baselineBefore(dir)
	switch {
	case err != nil:
		return err
	case file == "":
		known.New(result)
	case o.trustBase:
		before.New(result)
	default:
		known.NewSince(result, before, file)
	}
	return nil
}

// baselineBefore returns the baseline at the revision of --new-from, and its path
// in the repository; "" if it is not in the repository.
func (o known) baselineBefore(dir string) (validate.Known, string, error) {
	root, err := cli.OpenTree(dir)
	if err != nil {
		return validate.Known{}, "", err
	}
	defer root.Close()
	file, inside := root.Inside(o.baseline)
	if !inside {
		return validate.Known{}, "", nil
	}
	old, err := gitfs.Open(dir, string(o.newFrom))
	if err != nil {
		return validate.Known{}, "", cli.Failf("--new-from %s: %w", o.newFrom, err)
	}
	defer old.Close()
	data, err := fs.ReadFile(old, file)
	if errors.Is(err, fs.ErrNotExist) {
		return validate.Known{}, file, nil
	}
	if err != nil {
		return validate.Known{}, "", cli.Failf("--new-from %s: %w", o.newFrom, err)
	}
	known, err := validate.ReadKnown(data)
	if err != nil { // one of another version silences nothing
		return validate.Known{}, file, nil
	}
	return known, file, nil
}

// since keeps the findings that a git revision does not have, and lists what
// the change silences.
func (o known) since(dir string, tree *release.Tree, result *validate.Result) error {
	revision := string(o.newFrom)
	old, err := gitfs.Open(dir, revision)
	switch {
	case errors.Is(err, gitfs.ErrRevision):
		return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--new-from: %w", err), Hint: revisionHint(err, revision)}
	case err != nil:
		return cli.Failf("--new-from %s: %w", revision, err)
	}
	defer old.Close()
	before, err := release.Load(old)
	if errors.Is(err, release.ErrNotRelease) {
		return nil // there was nothing yet
	}
	if err != nil {
		return cli.Failf("--new-from %s: %w", revision, err)
	}
	rules := validate.Rules()
	trusted, err := release.Load(tree.FS, release.WithSettings(before))
	if err != nil && !errors.Is(err, release.ErrNotRelease) {
		return cli.Failf("%w", err)
	}
	after := tree
	if o.trustBase && err == nil {
		after = trusted
		*result = *validate.Run(trusted, rules...)
	}
	result.Since(before, after, rules...)
	if err == nil {
		result.Silenced(before, after, trusted, rules...)
	}
	return nil
}

// revisionHint returns the hint for a missing revision.
func revisionHint(err error, revision string) string {
	switch {
	case errors.Is(err, gitfs.ErrNoCheckout):
		return "run it in a git checkout of the release repository, or leave out --new-from"
	case errors.Is(err, gitfs.ErrShallow):
		return "get the commit first: git fetch --depth 1 origin " + revision
	}
	return "name a commit, a branch or a tag of this checkout"
}
