package runreport

import (
	"cmp"
	"maps"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Failure is what entries that failed have in common, and what to do about it.
type Failure struct {
	mirror.Failure
	Hint string `json:"hint"` // what to do
}

// Failures groups the entries that failed, the largest group first.
func Failures(r *mirror.Report) []Failure {
	out := []Failure{}
	for _, f := range r.Failures() {
		text := hint(f)
		if f.Cause == mirror.CauseAddress {
			text = didYouMean(r, f.Host) + text
		}
		out = append(out, Failure{f, text})
	}
	return out
}

// didYouMean names the registry that the other entries use, where its name is
// nearly that of one that does not exist.
func didYouMean(r *mirror.Report, host string) string {
	uses := map[string]int{}
	for _, e := range r.Entries {
		uses[Host(e.Source)]++
		uses[Host(e.Destination)]++
	}
	wrong := uses[host]
	delete(uses, host)
	likely := suggest.Nearest(host, slices.Sorted(maps.Keys(uses)))
	if likely == "" || uses[likely] <= wrong {
		return ""
	}
	return "did you mean " + likely + ", as " + text.Plural(uses[likely], "other reference") + "? "
}

// hint says what to do about a failure, with the command's flags.
func hint(f mirror.Failure) string {
	host := cmp.Or(f.Host, "the registry")
	switch f.Reason {
	case mirror.ReasonTokenHost:
		return "if the operator of " + host + " also runs that host, allow it with --token-endpoint"
	case mirror.ReasonLogin:
		return "renew the user and password for " + host + " in the secret (the file of --registry-config), or check that the account is enabled; mirror login-check shows which entry is used"
	case mirror.ReasonBlobSize:
		return "if a blob can be as large as that, raise --max-blob-bytes"
	case mirror.ReasonMemory:
		return "read fewer manifests at the same time with --max-per-registry"
	case mirror.ReasonPlatforms:
		return "match one platform with --filter-by-os, such as '^linux/amd64$' (without anchors, linux/arm also matches linux/arm64), or copy the whole index without the filter and --keep-manifest-list=false"
	}
	switch f.Cause {
	case mirror.CauseSourceMissing:
		return "check whether the source is still built and promoted; if not, remove the line or pass --skip-missing"
	case mirror.CauseDenied:
		return "check that the repository exists, and that the secret (the file of --registry-config) has a valid credential for " + host + " that can pull the source and push the destination"
	case mirror.CauseRefused:
		return host + " refuses the request: its response gives the reason, for a push usually a quota or a repository policy"
	case mirror.CauseUnavailable:
		return "the mapping is correct: run again later; if the error persists, check the status of " + host
	case mirror.CauseAddress:
		return "check the name of the registry, DNS on this machine, and the proxy settings (HTTPS_PROXY, NO_PROXY)"
	case mirror.CauseContent:
		return "the response does not match its digest, or is not an image: check that " + host + " is a registry, or push the source again"
	case mirror.CauseUnsupported:
		return "build the image again with a current builder, or leave it out"
	case mirror.CauseOverlap:
		return "keep one of the lines; with --allow-overlap the last one wins"
	case mirror.CauseProtected:
		return "use a new tag for the image; to move this one anyway, change --immutable or --overwrite; --adopt takes over tags that --overwrite changed-by-us protects"
	case mirror.CauseInterrupted:
		return "run again: finished images are not copied twice; if it happens every time, give the job more time"
	}
	if f.Host != "" {
		return host + " cannot be used as it is: the error gives the reason"
	}
	return "the error gives the reason"
}
