package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/place"
	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// chosen are the flags that choose findings.
type chosen struct {
	selected []string
	ignored  []string
	severity string
}

func (c *chosen) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&c.selected, "select", nil, "show only these `RULES`, separated by commas")
	f.StringSliceVar(&c.ignored, "ignore", nil, "hide these `RULES`, separated by commas")
	cli.WordVar(f, &c.severity, "severity", source.Info.String(), "least severity to show: error, warning or info", severityNames()...)
	cli.Complete(cmd, "select", ruleIDs()...)
	cli.Complete(cmd, "ignore", ruleIDs()...)
	cli.FlagGroup(cmd, "Which findings", "select", "ignore", "severity")
}

// filter is a choice of findings.
type filter struct {
	rules func(id string) bool
	least source.Severity
}

func (c chosen) filter() (filter, error) {
	for _, id := range slices.Concat(c.selected, c.ignored) {
		if _, ok := validate.Lookup(id); !ok {
			return filter{}, unknownRule(id)
		}
	}
	least, err := source.ParseSeverity(c.severity)
	if err != nil {
		return filter{}, cli.Usagef("--severity: %w", err)
	}
	return filter{least: least, rules: func(id string) bool {
		return (len(c.selected) == 0 || slices.Contains(c.selected, id)) && !slices.Contains(c.ignored, id)
	}}, nil
}

// wants reports whether a finding is chosen.
func (k filter) wants(f validate.Finding) bool { return k.rules(f.Rule) && f.Severity <= k.least }

// narrow removes from a result what is not selected, or is elsewhere. The
// folder of a set includes the jobs of the set. A finding also belongs to its
// related places.
func (k filter) narrow(r *validate.Result, tree *release.Tree, at place.Place) {
	here := func(pos source.Position) bool {
		if at.Has(pos.File) {
			return true
		}
		set := tree.Runs().SetAt(pos)
		return set != nil && set.Dir == at.Part
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f validate.Finding) bool {
		near := slices.ContainsFunc(f.Related, func(r validate.Related) bool { return here(r.Pos) })
		return !here(f.Pos) && !near || !k.wants(f)
	})
	r.Skipped = slices.DeleteFunc(r.Skipped, func(s validate.Skipped) bool { return !k.rules(s.Rule) })
}

func ruleIDs() []string {
	var ids []string
	for _, r := range validate.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func unknownRule(id string) error {
	return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("no rule is named %q", id), Hint: suggest.Hint(id, ruleIDs(), "see 'mirror-lint rules'")}
}

// asRule adds to an error about an argument that it is the name of a rule.
func asRule(arg string, err error) error {
	var e *cli.Error
	if _, ok := validate.Lookup(arg); !ok || !errors.As(err, &e) {
		return err
	}
	return &cli.Error{Code: e.Code, Err: e.Err, Hint: fmt.Sprintf("%s is a rule: use --select %[1]s, or 'mirror-lint explain %[1]s'", arg)}
}
