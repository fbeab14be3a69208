package main

import (
	"cmp"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/progress"
	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// outputs are the flags for the output of a run.
type outputs struct {
	format    string
	report    string
	artifacts string
	quiet     bool
	color     string
	progress  string
	logFormat string
	metrics   metricsFlags
}

func (o *outputs) bind(f *pflag.FlagSet) {
	cli.WordVar(f, &o.format, "format", "text", "output format: text or json", "text", "json")
	f.StringVar(&o.report, "report", "", "also write the JSON report to `FILE`")
	f.StringVar(&o.artifacts, "artifacts", "", "write all reports to `DIR` (default: $ARTIFACTS)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print only failures and the summary")
	cli.ColorVar(f, &o.color, "colour the text")
	cli.WordVar(f, &o.progress, "progress", "auto", "show progress: auto, lines (every 30 s) or none", "auto", "lines", "none")
	cli.WordVar(f, &o.logFormat, "log-format", "text", "format of the log on standard error: text or json", "text", "json")
	o.metrics.bind(f)
}

// output is the output of a run.
type output struct {
	*outputs
	env   cli.Env
	mode  mirror.Mode
	voice *voice
	color bool
}

// open checks the flags.
func (o *outputs) open(env cli.Env, mode mirror.Mode) (*output, error) {
	return &output{outputs: o, env: env, mode: mode, voice: newVoice(env, o.logFormat), color: cli.Color(env, o.color)}, o.metrics.check()
}

// watch connects the engine to the output; stop ends that.
func (o *output) watch(opts *mirror.Options) (stop func()) {
	opts.Monitor = &mirror.Monitor{}
	live := o.progress == "auto" && !o.quiet && !o.voice.json && cli.Terminal(o.env, o.env.Stderr)
	text := runreport.Text{W: o.env.Stdout, Color: o.color, Quiet: o.quiet, Mode: o.mode}
	if o.format == "json" || live && cli.Terminal(o.env, o.env.Stdout) {
		text.W = o.voice.w // standard output is for the report, or the terminal is one
	}
	opts.Done = text.Entry
	if o.voice.json {
		opts.Done = func(e mirror.Entry) {
			if text.Worth(e) {
				o.voice.entry(e)
			}
		}
	}
	start := time.Now()
	take := func() progress.Snapshot {
		return progress.Take(opts.Monitor, opts.Client.Stats(), start, time.Now())
	}
	switch {
	case live:
		tick := time.NewTicker(150 * time.Millisecond)
		area := progress.NewLive(o.env.Stderr, take, tick.C)
		o.voice.w.to(area)
		return func() {
			tick.Stop()
			o.voice.w.to(o.env.Stderr)
			area.Stop()
		}
	case o.progress == "none" || o.progress == "auto" && o.quiet:
		return func() {}
	}
	tick := time.NewTicker(30 * time.Second)
	end := progress.Beat(take, tick.C, o.voice.beat)
	return func() { tick.Stop(); end() }
}

// write writes the report to files and streams. A file that cannot be written
// is reported and does not stop the others; the error is that of --report or
// standard output.
func (o *output) write(r *mirror.Report) (err error) {
	if o.report != "" {
		if failed := argfile.Write(o.report, func(w io.Writer) error { return runreport.JSON(w, r) }); failed != nil {
			err = cli.Failf("cannot write the report: %w", failed)
		}
	}
	if dir := cli.ArtifactsDir(o.env, o.artifacts); dir != "" {
		if err := cli.WriteArtifacts(dir, reports(dir, r)...); err != nil {
			o.voice.errors(err)
		}
	}
	if err := o.metrics.write(r, cmp.Or(o.env.Getenv("JOB_NAME"), "mirror")); err != nil {
		o.voice.errors(err)
	}
	if o.format == "json" {
		if failed := runreport.JSON(o.env.Stdout, r); failed != nil {
			return cli.Failf("cannot write the report: %w", failed)
		}
		return err
	}
	runreport.Text{W: o.env.Stdout, Color: o.color, Quiet: o.quiet, Mode: o.mode}.Summary(r)
	return err
}

// reports are those that a job leaves unasked.
func reports(dir string, r *mirror.Report) []cli.Artifact {
	return []cli.Artifact{
		{Name: "mirror-report.json", Write: func(w io.Writer) error { return runreport.JSON(w, r) }},
		{Name: "junit_mirror.xml", Write: func(w io.Writer) error { return runreport.JUnit(w, r) }},
		{Name: "mirror-summary.html", Write: func(w io.Writer) error { return runreport.HTML(w, r, cli.Version()) }},
		cli.Metadata(dir, "mirror", runreport.Metadata(r, cli.Version())),
	}
}
