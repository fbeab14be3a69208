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

// hint tells what to do about a failure, with the flags of the command.
func hint(f mirror.Failure) string {
	host := cmp.Or(f.Host, "the registry")
	if f.Reason == mirror.ReasonPlatforms {
		return "let --filter-by-os match one platform, such as '^linux/amd64$' (without anchors, linux/arm matches linux/arm64, too), or copy the whole index: leave out the filter and --keep-manifest-list=false"
	}
	switch f.Cause {
	case mirror.CauseSourceMissing:
		return "see whether the source is still built and promoted; remove the line when it is gone for good, or pass --skip-missing"
	case mirror.CauseDenied:
		return "see that the repository exists, and that the secret (the file of --registry-config) holds a credential for " + host + ", with the right password, that may read the source and write the destination"
	case mirror.CauseRefused:
		return host + " does not take what it is given: its answer says why; a quota or a rule of the repository is the usual reason"
	case mirror.CauseUnavailable:
		return "nothing is wrong with the mapping: run again later, and look at the state of " + host + " when it goes on"
	case mirror.CauseAddress:
		return "see that the name of the registry is right, that this machine may look it up, and what a proxy (HTTPS_PROXY, NO_PROXY) lets through"
	case mirror.CauseContent:
		return "the bytes are not what their digest says: build or push the source again"
	case mirror.CauseUnsupported:
		return "build the image again with a current builder, or leave it out"
	case mirror.CauseOverlap:
		return "leave one of the lines; --allow-overlap lets the last one win"
	case mirror.CauseProtected:
		return "give the image a new tag; to move this one all the same, take it out of --immutable or --overwrite; --adopt takes over what --overwrite changed-by-us leaves as it is"
	case mirror.CauseInterrupted:
		return "run again: what is done is not done twice; give the job more time when it ends like this every time"
	}
	return "see the error"
}
