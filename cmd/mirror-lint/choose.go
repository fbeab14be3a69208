package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/place"
	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// chosen are the flags that say which findings are wanted.
type chosen struct {
	selected []string
	ignored  []string
	severity string
}

func (c *chosen) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&c.selected, "select", nil, "show only these `RULES`, separated by commas")
	f.StringSliceVar(&c.ignored, "ignore", nil, "hide these `RULES`, separated by commas")
	f.StringVar(&c.severity, "severity", "", "least severity to show: error, warning or info")
	cli.Complete(cmd, "select", ruleIDs()...)
	cli.Complete(cmd, "ignore", ruleIDs()...)
	cli.Complete(cmd, "severity", severityNames()...)
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
	least := source.Info
	if c.severity != "" {
		if err := cli.OneOf("severity", c.severity, severityNames()); err != nil {
			return filter{}, err
		}
		least, _ = source.ParseSeverity(c.severity)
	}
	return filter{least: least, rules: func(id string) bool {
		return (len(c.selected) == 0 || slices.Contains(c.selected, id)) && !slices.Contains(c.ignored, id)
	}}, nil
}

// wants reports whether a finding is chosen.
func (k filter) wants(f validate.Finding) bool { return k.rules(f.Rule) && f.Severity <= k.least }

// narrow takes out of a result what is not chosen, or lies elsewhere. What a
// related place says belongs to that place, too.
func (k filter) narrow(r *validate.Result, at place.Place) {
	r.Findings = slices.DeleteFunc(r.Findings, func(f validate.Finding) bool {
		here := at.Has(f.Pos.File) || slices.ContainsFunc(f.Related, func(r validate.Related) bool { return at.Has(r.Pos.File) })
		return !here || !k.wants(f)
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
