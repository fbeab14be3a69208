package main

import (
	"fmt"
	"io"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// write brings the report to the files and the streams that were asked for. A
// file that cannot be written is told and changes nothing else.
func (o *options) write(env cli.Env, p *printer, report *mirror.Report) error {
	if o.report != "" {
		if err := atomicfile.Write(o.report, func(w io.Writer) error { return runreport.JSON(w, report) }); err != nil {
			fmt.Fprintf(env.Stderr, "error: the report could not be written: %v\n", err)
		}
	}
	if dir := cli.ArtifactsDir(env, o.artifacts); dir != "" {
		if err := cli.WriteArtifacts(dir, artifacts(dir, report)...); err != nil {
			fmt.Fprintf(env.Stderr, "error: %v\n", err)
		}
	}
	if o.format == "json" {
		if err := runreport.JSON(env.Stdout, report); err != nil {
			return cli.Failf("writing the report: %w", err)
		}
		return nil
	}
	p.summary(report)
	return nil
}

// artifacts are the reports that a job leaves unasked.
func artifacts(dir string, r *mirror.Report) []cli.Artifact {
	return []cli.Artifact{
		{Name: "mirror-report.json", Write: func(w io.Writer) error { return runreport.JSON(w, r) }},
		{Name: "junit_mirror.xml", Write: func(w io.Writer) error { return runreport.JUnit(w, r) }},
		cli.Metadata(dir, "mirror", runreport.Metadata(r, cli.Version())),
	}
}
