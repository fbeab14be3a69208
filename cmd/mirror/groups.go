package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

// groupFlags puts the flags of a command under headings of its help. A command
// gets only the headings of flags that it has.
func groupFlags(cmd *cobra.Command) {
	for _, g := range []struct {
		heading string
		flags   []string
	}{
		{"Mappings", []string{"filename", "ci-images", "shard", "since"}},
		{"Which images", []string{"filter-by-os", "keep-manifest-list", "referrers", "skip-missing", "allow-overlap", "digest-tags", "verify", "force"}},
		{"Overwriting", []string{"overwrite", "immutable", "protected", "adopt", "backup"}},
		{"End of a run", []string{"dry-run", "detailed-exitcode", "continue-on-error", "fail-fast", "timeout", "grace"}},
		{"Reports", []string{"format", "report", "artifacts", "quiet", "color", "progress", "log-format", "metrics-file", "pushgateway"}},
		{"Credentials and TLS", []string{"registry-config", "registry-token", "token-endpoint", "api-token", "insecure", "certificate-authority", "client-certificate"}},
		{"Requests", []string{"attempts", "retries-per-image", "retries-per-registry", "max-per-registry", "idle-timeout", "no-listing", "image-streams", "skip-mount", "max-blob-bytes", "skip-multiple-scopes"}},
	} {
		flags := slices.DeleteFunc(slices.Clone(g.flags), func(name string) bool { return cmd.Flags().Lookup(name) == nil })
		if len(flags) > 0 {
			cli.FlagGroup(cmd, g.heading, flags...)
		}
	}
}
