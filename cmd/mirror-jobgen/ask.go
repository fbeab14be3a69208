package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
)

// ask prompts for the images and the approvers of a set that no flag gives.
func ask(in io.Reader, out io.Writer, o *jobgen.NewOptions) error {
	lines := bufio.NewScanner(in)
	question := func(what string) (string, error) {
		fmt.Fprintf(out, "%s: ", what)
		if !lines.Scan() {
			return "", cli.Usagef("nothing was entered for %s", what)
		}
		return strings.TrimSpace(lines.Text()), nil
	}
	for len(o.Sources) == 0 || len(o.Destinations) < len(o.Sources) {
		list, what := &o.Sources, "image to mirror (HOST/REPOSITORY:TAG)"
		if len(o.Sources) > len(o.Destinations) {
			list, what = &o.Destinations, "destination of "+o.Sources[len(o.Destinations)]+" (HOST/ORGANISATION/NAME:TAG)"
		}
		answer, err := question(what)
		if err != nil {
			return err
		}
		if answer != "" {
			*list = append(*list, answer)
		}
	}
	for len(o.Approvers) == 0 {
		answer, err := question("approvers (logins or aliases, separated by spaces)")
		if err != nil {
			return err
		}
		o.Approvers = strings.Fields(answer)
	}
	return nil
}
