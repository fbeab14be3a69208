package main

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// outcome is what a run found, and how standard output shows it.
type outcome struct {
	result *validate.Result
	tree   *release.Tree
	color  bool
	width  int
}

// writer is a format of an outcome.
type writer func(io.Writer, outcome) error

// formats are the formats by name.
func formats() map[string]writer {
	return map[string]writer{
		"text": func(w io.Writer, o outcome) error {
			return report.Text(w, o.result, report.TextOptions{Color: o.color, Source: o.tree.Text, Width: o.width})
		},
		"json": func(w io.Writer, o outcome) error { return report.JSON(w, o.result) },
		"sarif": func(w io.Writer, o outcome) error {
			return report.SARIF(w, o.result, validate.Rules(), report.SARIFOptions{Version: cli.Version(), Source: o.tree.Text})
		},
		"junit":  func(w io.Writer, o outcome) error { return report.JUnit(w, o.result, validate.Rules()) },
		"github": func(w io.Writer, o outcome) error { return report.GitHub(w, o.result) },
		"html": func(w io.Writer, o outcome) error {
			return report.HTML(w, o.result, validate.Rules(), report.HTMLOptions{Source: o.tree.Text, Set: o.setAt, Version: cli.Version()})
		},
	}
}

// setAt gives the name of the set that a place is about.
func (o outcome) setAt(pos source.Position) string {
	if set := o.tree.Runs().SetAt(pos); set != nil {
		return set.Name
	}
	return ""
}

// leave writes all reports into the folder of a job's artifacts, under the
// names that Prow's lenses look for.
func (o outcome) leave(dir string) error {
	var files []cli.Artifact
	for _, f := range []struct{ name, format string }{
		{"junit_mirror-lint.xml", "junit"}, {"mirror-lint.sarif", "sarif"}, {"mirror-lint.json", "json"}, {"mirror-lint-summary.html", "html"},
	} {
		files = append(files, cli.Artifact{Name: f.name, Write: func(w io.Writer) error { return formats()[f.format](w, o) }})
	}
	count := func(s source.Severity) string { return strconv.Itoa(o.result.Count(s)) }
	counts := map[string]string{"errors": count(source.Error), "warnings": count(source.Warning), "infos": count(source.Info)}
	return cli.WriteArtifacts(dir, append(files, cli.Metadata(dir, "mirror-lint", counts))...)
}

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

func (o options) writer(name string) (writer, error) {
	w, ok := formats()[name]
	if !ok {
		return nil, cli.Usagef("unknown format %q: use %s", name, strings.Join(formatNames(), ", "))
	}
	return w, nil
}

type output struct {
	file  string
	write writer
}

func (o options) files() ([]output, error) {
	var outs []output
	for _, spec := range o.outputs {
		format, file, ok := strings.Cut(spec, "=")
		if !ok || file == "" {
			return nil, cli.Usagef("--output %s: write FORMAT=FILE", spec)
		}
		w, err := o.writer(format)
		if err != nil {
			return nil, err
		}
		outs = append(outs, output{file, w})
	}
	return outs, nil
}
