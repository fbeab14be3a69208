package main

import (
	"errors"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// planError tells why a plan cannot be made, and what to do about the first
// problem for which something can be done.
func planError(err error) error {
	var refused *mirror.PlanError
	if !errors.As(err, &refused) {
		return cli.Usagef("%w", err)
	}
	for i, p := range refused.Problems {
		hint := p.Hint
		switch refused.Causes[i] {
		case mirror.CauseOverlap:
			hint = "a destination can have only one source; with --allow-overlap the last one wins"
		case mirror.CauseProtected:
			hint = "change the template of --backup"
		}
		if hint != "" {
			return &cli.Error{Code: cli.ExitUsage, Err: refused, Hint: hint}
		}
	}
	return &cli.Error{Code: cli.ExitUsage, Err: refused}
}
