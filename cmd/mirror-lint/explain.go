package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// explain writes the texts of a rule, with the real output of its examples.
func explain(w io.Writer, rule validate.Rule) error {
	bad, err := exampleOutput(rule, rule.Bad)
	if err != nil {
		return cli.Failf("the example of %s: %w", rule.ID, err)
	}
	_, err = fmt.Fprintf(w, "%s (%s): %s\n\n%s\n\n%s\n\nThis is reported:\n\n%s\n%s\nThis is not:\n\n%s",
		rule.ID, rule.Severity, rule.Title, rule.Why, rule.Fix, indent(rule.Bad), indent(bad), indent(rule.Good))
	return err
}

// exampleOutput lints an example and returns the output of one rule.
func exampleOutput(rule validate.Rule, example string) (string, error) {
	tree, err := validate.ExampleTree(example)
	if err != nil {
		return "", err
	}
	result, err := validate.RunExample(tree, rule)
	if err != nil {
		return "", err
	}
	result.Skipped = nil
	var out bytes.Buffer
	err = report.Text(&out, result, report.TextOptions{Source: tree.Text})
	return out.String(), err
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ") + "\n"
}
