package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// show are the flags for the output of findings.
type show struct {
	format     string
	outputs    []string
	artifacts  string
	sourceURL  string
	color      string
	sort       string
	full       bool
	noGroup    bool
	quiet      bool
	statistics bool
	owners     bool
}

func (s *show) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	cli.WordVar(f, &s.format, "format", "text", "format: "+cli.Alternatives(formatNames()), formatNames()...)
	f.StringArrayVar(&s.outputs, "output", nil, "also write `FORMAT=FILE`; repeatable")
	f.StringVar(&s.artifacts, "artifacts", "", "write reports to `DIR` (default: $ARTIFACTS, $ARTIFACT_DIR)")
	f.StringVar(&s.sourceURL, "source-url", "", "web address of the files, for links (default: from origin)")
	cli.FlagGroup(cmd, "Reports", "format", "output", "artifacts", "source-url")
	cli.WordVar(f, &s.sort, "sort", report.Orders()[0], "order of the text: "+cli.Alternatives(report.Orders()), report.Orders()...)
	f.BoolVar(&s.full, "full", false, "show each finding in full, even when there are many")
	f.BoolVar(&s.noGroup, "no-group", false, "list each finding, without grouping by cause")
	f.BoolVar(&s.owners, "owners", false, "group findings by the approvers of their set")
	f.BoolVar(&s.statistics, "statistics", false, "print only the number of findings per rule")
	f.BoolVar(&s.quiet, "quiet", false, "print only findings")
	cli.ColorVar(f, &s.color, "colour the text")
	cli.FlagGroup(cmd, "Text", "sort", "full", "no-group", "owners", "statistics", "quiet", "color")
}

// outcome is the result of a run, and its form on standard output.
type outcome struct {
	result *validate.Result
	tree   *release.Tree
	show   show
	page   string // the HTML report that was written
	link   report.Link
	of     string // the commit of the checkout
	fresh  bool   // known findings are left out
	color  bool
	width  int
}

// writer is a format of an outcome.
type writer func(io.Writer, outcome) error

// formats are the formats by name.
func formats() map[string]writer {
	return map[string]writer{
		"text":    writeText,
		"concise": func(w io.Writer, o outcome) error { return report.Concise(w, o.result) },
		"json":    func(w io.Writer, o outcome) error { return report.JSON(w, o.result, o.ownersAt) },
		"sarif": func(w io.Writer, o outcome) error {
			return report.SARIF(w, o.result, validate.Rules(), report.SARIFOptions{Version: cli.Version(), Source: o.tree.Text})
		},
		"junit":  func(w io.Writer, o outcome) error { return report.JUnit(w, o.result, validate.Rules()) },
		"github": func(w io.Writer, o outcome) error { return report.GitHub(w, o.result) },
		"html": func(w io.Writer, o outcome) error {
			return report.HTML(w, o.result, validate.Rules(), report.HTMLOptions{
				Source: o.tree.Text, Set: o.setAt, Owners: o.ownersAt, Link: o.link, Version: cli.Version(), Of: o.of,
			})
		},
	}
}

func writeText(w io.Writer, o outcome) error {
	if o.show.statistics {
		return report.Statistics(w, o.result, validate.Rules())
	}
	opts := report.TextOptions{
		Color: o.color, Source: o.tree.Text, Width: o.width, Order: report.Order(o.show.sort),
		Single: o.show.noGroup, Full: o.show.full, Quiet: o.show.quiet, Page: o.page, New: o.fresh,
	}
	if o.show.owners {
		opts.Owners = o.ownersAt
	}
	return report.Text(w, o.result, opts)
}

// ownersAt returns the approvers of the set that a place is about.
func (o outcome) ownersAt(pos source.Position) []string {
	return o.tree.Runs().SetAt(pos).Approvers()
}

// at looks up the current commit of the checkout, for links in pages. Without a
// checkout there are none.
func (o *outcome) at(dir string) {
	head, err := gitfs.HeadOf(dir)
	if err != nil {
		return
	}
	o.of = fmt.Sprintf(" on commit %.12s of %s", head.Commit, head.Date)
	if o.link == "" {
		o.link = report.Link(head.Web)
	}
}

// setAt returns the name of the set that a place is about.
func (o outcome) setAt(pos source.Position) string {
	if set := o.tree.Runs().SetAt(pos); set != nil {
		return set.Name
	}
	return ""
}

// leave writes all reports into the folder of a job's artifacts, under the
// names that Prow's lenses look for. It gives the file of the page.
func (o outcome) leave(dir string) (string, error) {
	var files []cli.Artifact
	for _, f := range []struct{ name, format string }{
		{"junit_mirror-lint.xml", "junit"}, {"mirror-lint.sarif", "sarif"}, {"mirror-lint.json", "json"}, {pageName, "html"},
	} {
		files = append(files, cli.Artifact{Name: f.name, Write: func(w io.Writer) error { return formats()[f.format](w, o) }})
	}
	count := func(s source.Severity) string { return strconv.Itoa(o.result.Count(s)) }
	counts := map[string]string{"errors": count(source.Error), "warnings": count(source.Warning), "infos": count(source.Info)}
	return filepath.Join(dir, pageName), cli.WriteArtifacts(dir, append(files, cli.Metadata(dir, "mirror-lint", counts))...)
}

// pageName is the name of the HTML report among a job's artifacts.
const pageName = "mirror-lint-summary.html"

func formatNames() []string {
	names := make([]string, 0)
	for name := range formats() {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { // text first: the default
		return strings.Compare(strings.Replace(a, "text", "", 1), strings.Replace(b, "text", "", 1))
	})
	return names
}

func (s show) writer(name string) (writer, error) {
	w, ok := formats()[name]
	if !ok {
		return nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("unknown format %q: use %s", name, cli.Alternatives(formatNames())),
			Hint: suggest.Hint(name, formatNames(), "")}
	}
	return w, nil
}

// output is a report that goes to a file.
type output struct {
	format string
	file   string
	write  writer
}

func (s show) files() ([]output, error) {
	var outs []output
	for _, spec := range s.outputs {
		format, file, ok := strings.Cut(spec, "=")
		if !ok || file == "" {
			return nil, cli.Usagef("--output %s: write FORMAT=FILE", spec)
		}
		w, err := s.writer(format)
		if err != nil {
			return nil, err
		}
		outs = append(outs, output{format, file, w})
	}
	return outs, nil
}
