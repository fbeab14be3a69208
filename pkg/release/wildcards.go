package release

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// entryPointVariable names the mappings of the jobs of openshift/release.
const entryPointVariable = "MAPPING_FILE_PREFIX"

// StrippedPrefix returns the prefix that jobs remove from the tags of a
// wildcard source for a destination without a tag. oc and mirror remove none.
// The entry point of openshift/release removes "namespace_stream_" if the
// source is openshift/ci:namespace_stream_*, so that it pushes the tags of the
// stream (openshift/release, hack/periodic-mirroring.sh).
func StrippedPrefix(jobs []*Job, from mapping.Reference) string {
	prefix, all := strings.CutSuffix(from.Tag, "*")
	if !all || !QuayCI(from) || len(prefix) < 2 || !strings.HasSuffix(prefix, "_") || strings.Contains(prefix, "*") {
		return ""
	}
	other := func(j *Job) bool { return j.Mappings.From == nil || j.Mappings.From.Env != entryPointVariable }
	if len(jobs) == 0 || slices.ContainsFunc(jobs, other) {
		return ""
	}
	return prefix
}
