package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// onlineOptions are the flags for reading from registries.
type onlineOptions struct {
	online         bool
	registryConfig string
	timeout        time.Duration
}

func (o *onlineOptions) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.online, "online", false, "also read sources and tags from the registries")
	f.StringVarP(&o.registryConfig, "registry-config", "a", "", "auth `FILE` (default: where podman and docker keep theirs)")
	f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "stop reading from registries after this time")
	cli.FlagGroup(cmd, "Registries", "online", "registry-config", "timeout")
}

// plan looks up the images that a change copies, as mirror plan does. It returns
// nil without --online.
func (o *onlineOptions) plan(ctx context.Context, env cli.Env, e *effects.Effect) (*mirror.Report, error) {
	if !o.online {
		return nil, nil
	}
	plan, err := mirror.NewPlan([]*mapping.File{e.Mapping()}, mirror.PlanOptions{AllowOverlap: true})
	if err != nil {
		return nil, cli.Failf("%w", err)
	}
	paths, required := credentials.Files(o.registryConfig, env.Getenv, os.Getuid())
	files, err := credentials.Load(paths, required, argfile.ReadSmall, credentials.Exec(os.Environ()))
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	client := registry.New(registry.Options{Keychain: files, Proxy: http.ProxyFromEnvironment, UserAgent: "mirror-tools/" + cli.Version()})
	defer client.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errors.New("stopped after --timeout"))
	defer cancel()
	report, err := mirror.Run(ctx, plan, mirror.Options{Mode: mirror.ModePlan, Client: client, SkipMissing: true, AllowOverlap: true})
	if err != nil {
		return nil, cli.Failf("reading from the registries: %w", err)
	}
	return report, nil
}
