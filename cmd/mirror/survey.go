package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// survey is what a command needs that only reads from registries.
type survey struct {
	ctx      context.Context // ends with --timeout
	plan     *mirror.Plan
	client   *registry.Client
	keychain credentials.Chain
	broken   bool // a mapping file was left out
	close    func()
}

// survey reads the mappings and makes a client.
func (o *options) survey(ctx context.Context, env cli.Env, args []string) (_ *survey, err error) {
	ctx, stop := o.times.limit(ctx)
	defer func() {
		if err != nil {
			stop()
		}
	}()
	v := newVoice(env, "text")
	o.continueOnError = true
	in, err := o.read(ctx, env, args)
	if err != nil {
		return nil, err
	}
	for _, p := range in.problems {
		v.problem(p)
	}
	if len(in.files) == 0 {
		return nil, cli.Usagef("all mapping files have errors")
	}
	plan, err := mirror.NewPlan(in.files, mirror.PlanOptions{AllowOverlap: true})
	if err != nil {
		return nil, planError(err)
	}
	keychain, err := o.keychain(env)
	if err != nil {
		return nil, err
	}
	client, err := o.client(env, keychain, v.log)
	if err != nil {
		return nil, err
	}
	return &survey{
		ctx: ctx, plan: plan, client: client, keychain: keychain, broken: in.broken,
		close: func() { stop(); client.Close() },
	}, nil
}

// bindSurvey declares the flags of such a command.
func (o *options) bindSurvey(f *pflag.FlagSet) {
	o.bindInput(f)
	cli.WordVar(f, &o.format, "format", "text", "output format: text or json", "text", "json")
	o.times.bindTimeout(f)
	o.connection.bind(f)
}

// bindInput declares the flags that name mappings.
func (o *options) bindInput(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.files, "filename", "f", nil, "mapping `FILE`, glob, or - for standard input; repeatable")
}
