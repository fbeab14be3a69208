package main

import (
	"context"
	"fmt"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// execute is the whole of a command: read, plan, run, report.
func (o *options) execute(ctx context.Context, env cli.Env, mode mirror.Mode, args []string) error {
	if o.dryRun {
		mode = mirror.ModePlan
	}
	out, err := o.outputs.open(env, mode)
	if err != nil {
		return err
	}
	if err := o.digestTags.check(o.keepManifestList); err != nil {
		return err
	}
	work, cancel := o.times.deadlines(ctx, out.voice)
	defer cancel()
	reading, stopReading := either(ctx, work)
	in, err := o.read(reading, env, args)
	stopReading()
	if err != nil {
		return err
	}
	for _, p := range in.problems {
		out.voice.problem(p)
	}
	if len(in.files) == 0 {
		return cli.Usagef("nothing to mirror: all mapping files have errors")
	}
	backup, err := o.protection.backups()
	if err != nil {
		return err
	}
	opts, err := o.runOptions(env, out.voice.log, mode)
	if err != nil {
		return err
	}
	defer opts.Client.Close()
	if o.digestTags.digits > 0 {
		asking, stop := either(ctx, work)
		o.digestTags.add(asking, opts.Client, in.files)
		stop()
	}
	plan, err := mirror.NewPlan(in.files, mirror.PlanOptions{AllowOverlap: o.allowOverlap, Backup: backup})
	if err != nil {
		return planError(err)
	}
	in.files = nil // they are large, and the plan has all that is needed
	if plan, err = o.part(plan); err != nil {
		return err
	}
	opts.Backup = backup
	stop := out.watch(&opts)
	opts.Drain = ctx.Done()
	report, err := mirror.Run(work, plan, opts)
	stop()
	if err != nil {
		return cli.Failf("%w", err)
	}
	report.Problems = in.leftOut()
	if err := out.write(report); err != nil {
		return err
	}
	return o.verdict(report, ctx.Err() != nil)
}

// verdict is the exit code of a run that was reported on.
func (o *options) verdict(report *mirror.Report, interrupted bool) error {
	if !report.OK() || interrupted {
		return cli.Exit(cli.ExitFindings)
	}
	if add, move := runreport.Changes(report); o.detailedExit && add+move > 0 {
		return cli.Exit(exitChanges)
	}
	return nil
}

// exitChanges is the exit code of --detailed-exitcode for a plan with something
// to do, as terraform has it.
const exitChanges = 2

// either makes a context that ends with the first of two.
func either(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(a)
	stop := context.AfterFunc(b, func() { cancel(context.Cause(b)) })
	return ctx, func() { stop(); cancel(nil) }
}

// part applies --shard.
func (o *options) part(plan *mirror.Plan) (*mirror.Plan, error) {
	if o.shard == "" {
		return plan, nil
	}
	var i, n int
	if _, err := fmt.Sscanf(o.shard, "%d/%d", &i, &n); err != nil || n < 1 || i < 1 || i > n || fmt.Sprintf("%d/%d", i, n) != o.shard {
		return nil, cli.Usagef("--shard %s: write I/N with 1 ≤ I ≤ N", o.shard)
	}
	return plan.Shard(i-1, n), nil
}
