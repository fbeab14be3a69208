package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// options are the flags of run, plan and check.
type options struct {
	files    []string
	ciImages []string
	outputs

	keepManifestList   bool
	filter             string
	force              bool
	dryRun             bool
	verify             string
	skipMissing        bool
	skipMount          bool
	referrers          bool
	allowOverlap       bool
	continueOnError    bool
	failFast           bool
	skipMultipleScopes bool
	shard              string
	detailedExit       bool
	filterGiven        bool
	noListing          bool
	apiTokens          []string

	attempts       int
	perImage       int64
	perRegistry    int64
	maxPerRegistry int
	timeout        time.Duration
	idleTimeout    time.Duration
	grace          time.Duration

	registryConfig string
	registryTokens []string
	tokenEndpoints []string
	insecure       []string
	authorities    []string

	clientCertificates []string
	maxBlob            int64

	protection
}

func newCommand(env cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mirror",
		Short: "Copy images between registries as mapping files say",
		Long: `mirror copies images between registries. A mapping file has a line for each
image:

  SRC DST [DST...]

What a destination has already is left alone. What cannot be copied is said, and
does not keep the rest from being copied.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		modeCommand(env, mirror.ModeRun, "Copy what is missing or different", `  mirror run -f mapping_team_latest
  mirror run -f '/etc/imagemirror/mapping_team*' --skip-multiple-scopes
  mirror run registry.ci.openshift.org/team/v1:app quay.io/team/app:latest`),
		modeCommand(env, mirror.ModePlan, "Decide the same, write nothing, and tell what would be copied", `  mirror plan -f mapping_team_latest`),
		modeCommand(env, mirror.ModeCheck, "Exit with 1 when a destination differs from its source", `  mirror check -f mapping_team_latest`),
		loginCommand(env),
		leftoversCommand(env),
	)
	return cmd
}

func modeCommand(env cli.Env, mode mirror.Mode, short, example string) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:     string(mode) + " -f FILE... | SRC DST [DST...] | SRC=DST...",
		Short:   short,
		Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.filterGiven = cmd.Flags().Changed("filter-by-os")
			return o.execute(cmd.Context(), env, mode, args)
		},
	}
	o.bind(cmd.Flags(), mode)
	return cmd
}

// bind declares the flags. Those of oc image mirror keep their names.
func (o *options) bind(f *pflag.FlagSet, mode mirror.Mode) {
	f.SortFlags = false
	o.bindInput(f)
	f.StringArrayVar(&o.ciImages, "ci-images", nil, "configuration `FILE` of ci-images-mirror (core-services/image-mirroring/_config.yaml) whose images are copied, but for its ignoredSources")
	o.outputs.bind(f)

	f.StringVar(&o.filter, "filter-by-os", "", "copy only the children of an index whose os/arch[/variant] matches the regular expression")
	f.BoolVar(&o.keepManifestList, "keep-manifest-list", true, "copy an index as it is; with =false and a filter, the one child that is left")
	f.StringVar(&o.verify, "verify", "shallow", "what is looked at behind an unchanged digest: shallow (nothing) or deep (children and blobs)")
	f.BoolVar(&o.skipMissing, "skip-missing", false, "pass over sources that do not exist")
	f.BoolVar(&o.allowOverlap, "allow-overlap", false, "let the last of several sources of one destination win")
	f.BoolVar(&o.continueOnError, "continue-on-error", true, "go on with the other images after a failure; the exit code is 1 all the same")
	f.BoolVar(&o.failFast, "fail-fast", false, "start nothing new after the first failure")
	f.StringVar(&o.shard, "shard", "", "only part `I/N` of the mappings (from 1), split by source repository")
	if mode == mirror.ModeRun {
		f.BoolVar(&o.dryRun, "dry-run", false, "the same as mirror plan")
	}
	if mode == mirror.ModePlan {
		f.BoolVar(&o.detailedExit, "detailed-exitcode", false, "exit with 0 when there is nothing to do, 1 when that could not be told, 2 when there is something to do")
	}
	if mode != mirror.ModeCheck {
		f.BoolVar(&o.force, "force", false, "write every destination, whatever is there")
		f.BoolVar(&o.skipMount, "skip-mount", false, "never ask a registry to take a layer from another repository")
		f.BoolVar(&o.referrers, "referrers", false, "copy what refers to an image too: signatures, attestations, SBOMs")
	}

	o.protection.bind(f, mode)

	f.DurationVar(&o.timeout, "timeout", 0, "end the run after this time (default: never)")
	f.DurationVar(&o.grace, "grace", 10*time.Second, "time that work under way gets after a signal")
	o.bindClient(f)
	f.BoolVar(&o.skipMultipleScopes, "skip-multiple-scopes", true, "accepted for oc's sake: tokens are always asked for one repository")
}

// bindClient declares the flags that tell how registries are asked.
func (o *options) bindClient(f *pflag.FlagSet) {
	f.BoolVar(&o.noListing, "no-listing", false, "ask for each tag, even where a registry lists the digests of a whole repository")
	f.StringArrayVar(&o.apiTokens, "api-token", nil, "`HOST=FILE`: the token for the API of a Quay registry, whose lists tell what private repositories hold")

	f.IntVar(&o.maxPerRegistry, "max-per-registry", 0, "most requests to one registry at a time (default: 16, and up to 64 while it answers well)")
	f.IntVar(&o.attempts, "attempts", 7, "how often a request that may succeed later is tried; answers 429 and 503 are counted apart, up to 10")
	f.Int64Var(&o.perImage, "retries-per-image", 20, "how often requests of one image are tried again, beyond as many as succeed")
	f.Int64Var(&o.perRegistry, "retries-per-registry", 200, "how often requests to one registry are tried again in the run, beyond as many as succeed")
	f.DurationVar(&o.idleTimeout, "idle-timeout", 2*time.Minute, "give up a transfer in which nothing moved for so long")

	f.StringVarP(&o.registryConfig, "registry-config", "a", "", "auth `FILE` of docker or podman (default: where podman and docker keep theirs)")
	f.StringArrayVar(&o.registryTokens, "registry-token", nil, "`HOST=FILE`: the token of a service account for a registry; read again when it changes")
	f.StringArrayVar(&o.tokenEndpoints, "token-endpoint", nil, "`HOST` that may get a registry's credential though it is of another domain")
	f.StringArrayVar(&o.insecure, "insecure", nil, "`HOST` that is spoken to without verifying its certificate, and over plain HTTP; repeatable; without a host: every registry")
	f.Lookup("insecure").NoOptDefVal = everyHost
	f.StringArrayVar(&o.authorities, "certificate-authority", nil, "PEM `FILE` of certificate authorities to trust beside the system's")
	f.StringArrayVar(&o.clientCertificates, "client-certificate", nil, "`HOST=FILE`: PEM file with the certificate and private key to show a registry; podman's and docker's certs.d folders are read, too")
	f.Int64Var(&o.maxBlob, "max-blob-bytes", 1<<40, "largest blob that is believed to exist; a larger one fails its image")
}
