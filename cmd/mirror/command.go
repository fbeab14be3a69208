package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// options are the flags of run, plan and check.
type options struct {
	files              []string
	ciImages           []string
	skipMultipleScopes bool
	allowOverlap       bool
	shard              string
	times              times

	selection
	manner
	verdicts
	outputs
	connection
	protection
}

// selection has the flags that select what to copy of each source.
type selection struct {
	keepManifestList bool
	filter           string
	filterGiven      bool
	skipMissing      bool
	referrers        bool
	digestTags       digestTags
}

// manner has the flags that control how images are compared and copied.
type manner struct {
	verify    string
	force     bool
	dryRun    bool
	skipMount bool
}

// verdicts has the flags that control what failures and changes mean for the
// run and its exit code.
type verdicts struct {
	continueOnError bool
	failFast        bool
	detailedExit    bool
}

func newCommand(env cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mirror",
		Short: "Copy images between registries according to mapping files",
		Long: `mirror copies images between registries. A mapping file has a line for each
image:

  SRC DST [DST...]

Images that a destination already has are not copied again. Failures are reported,
and the other images are still copied.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		modeCommand(env, mirror.ModeRun, "Copy what is missing or different", `  mirror run -f mapping_team_latest
  mirror run -f '/etc/imagemirror/mapping_team*' --skip-multiple-scopes
  mirror run registry.ci.openshift.org/team/v1:app quay.io/team/app:latest`),
		modeCommand(env, mirror.ModePlan, "Show what a run would copy, and write nothing", `  mirror plan -f mapping_team_latest`),
		modeCommand(env, mirror.ModeCheck, "Compare destinations with their sources; exit 1 if they differ", `  mirror check -f mapping_team_latest`),
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
		Long:    short + longMode(mode),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.filterGiven = cmd.Flags().Changed("filter-by-os")
			return o.execute(cmd.Context(), env, mode, args)
		},
	}
	o.bind(cmd.Flags(), mode)
	groupFlags(cmd)
	return cmd
}

// longMode explains what does not fit into the descriptions of flags.
func longMode(mode mirror.Mode) string {
	text := `.

--insecure and --client-certificate can be repeated. Client certificates and
certificate authorities in the certs.d folders of podman and docker are used, too.`
	if mode == mirror.ModeCheck {
		return text
	}
	return text + `

The TEMPLATE of --backup has the fields .Tag, .Digest, .Date and .Time, such as
'{{.Tag}}-previous'.`
}

// bind declares the flags. Those of oc image mirror keep their names.
func (o *options) bind(f *pflag.FlagSet, mode mirror.Mode) {
	f.SortFlags = false
	o.bindInput(f)
	f.StringArrayVar(&o.ciImages, "ci-images", nil, "read mappings from a ci-images-mirror config `FILE`")
	o.outputs.bind(f)

	f.StringVar(&o.filter, "filter-by-os", "", "copy platforms whose os/arch[/variant] matches `REGEXP`")
	f.BoolVar(&o.keepManifestList, "keep-manifest-list", true, "copy the index; =false: copy the one matching platform")
	cli.WordVar(f, &o.verify, "verify", "shallow", "how deeply to check unchanged images: shallow or deep", "shallow", "deep")
	f.BoolVar(&o.skipMissing, "skip-missing", false, "skip sources that do not exist")
	f.BoolVar(&o.allowOverlap, "allow-overlap", false, "if sources share a destination, the last one wins")
	o.digestTags.bind(f)
	f.BoolVar(&o.continueOnError, "continue-on-error", true, "copy the other images after a failure; still exits 1")
	f.BoolVar(&o.failFast, "fail-fast", false, "start no new copies after the first failure")
	f.StringVar(&o.shard, "shard", "", "mirror only part `I/N`, split by source repository")
	if mode == mirror.ModeRun {
		f.BoolVar(&o.dryRun, "dry-run", false, "write nothing, like mirror plan")
	}
	if mode == mirror.ModePlan {
		f.BoolVar(&o.detailedExit, "detailed-exitcode", false, "exit 0: no changes, 1: cannot tell, 2: changes")
	}
	if mode != mirror.ModeCheck {
		f.BoolVar(&o.force, "force", false, "push to every destination, even if it is up to date")
		f.BoolVar(&o.skipMount, "skip-mount", false, "never mount blobs from other repositories")
		f.BoolVar(&o.referrers, "referrers", false, "also copy signatures, attestations and SBOMs")
	}

	o.protection.bind(f, mode)

	o.times.bind(f)
	o.connection.bind(f)
	f.BoolVar(&o.skipMultipleScopes, "skip-multiple-scopes", true, "no effect; accepted for compatibility with oc")
}
