package main

import (
	"fmt"
	"log/slog"
	"regexp"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// runOptions turns flags into what the engine takes.
func (o *options) runOptions(env cli.Env, log *slog.Logger, mode mirror.Mode) (mirror.Options, error) {
	opts := mirror.Options{
		Mode: mode, Force: o.force, SkipMissing: o.skipMissing, SkipMount: o.skipMount,
		Referrers: o.referrers, AllowOverlap: o.allowOverlap, FailFast: o.stopAtFailure(),
		Single: !o.keepManifestList, Lists: !o.noListing && o.verify != "deep", Deep: o.verify == "deep",
	}
	if o.filter != "" {
		re, err := regexp.Compile(o.filter)
		if err != nil {
			return opts, cli.Usagef("--filter-by-os: %w", err)
		}
		if o.filter != ".*" {
			opts.Platform = re.MatchString
		}
	}
	if o.filterGiven && opts.Platform == nil {
		opts.Single = false // a filter that takes everything keeps the index, as with oc
	}
	if opts.Single && opts.Platform == nil {
		return opts, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--keep-manifest-list=false needs --filter-by-os"),
			Hint: "name the one platform to keep, such as --filter-by-os=linux/amd64; it does not default to that of this machine"}
	}
	if err := o.protection.apply(&opts); err != nil {
		return opts, err
	}
	keychain, err := o.keychain(env)
	if err == nil {
		opts.Client, err = o.client(env, keychain, log)
	}
	return opts, err
}
