package mirror

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// Outcome is the result for one destination.
type Outcome string

// The outcomes. Planned stands for Copied in a dry run; Differs and Absent are
// results of a check.
const (
	Copied      Outcome = "copied"
	Planned     Outcome = "planned"
	Unchanged   Outcome = "unchanged"
	Repaired    Outcome = "repaired"    // existed with parts missing
	Missing     Outcome = "missing"     // the source does not exist, and SkipMissing is set
	Unknown     Outcome = "unknown"     // what a source or destination holds could not be seen, and nothing was to be written
	Filtered    Outcome = "filtered"    // the platform filter matches no platform of the image
	Differs     Outcome = "differs"     // the destination holds another image
	Absent      Outcome = "absent"      // the destination does not exist
	Protected   Outcome = "protected"   // the destination is a protected tag that holds another image
	Failed      Outcome = "failed"      // see Error
	Interrupted Outcome = "interrupted" // not started, or not finished, when the run ended
)

// Outcomes lists all outcomes in the order of summaries.
func Outcomes() []Outcome {
	return []Outcome{Copied, Planned, Repaired, Unchanged, Differs, Absent, Missing, Filtered, Protected, Unknown, Failed, Interrupted}
}

// Cause is the class of a failure.
type Cause string

// The causes.
const (
	CauseSourceMissing Cause = "source-missing"
	CauseDenied        Cause = "denied"      // a registry refuses our credential, or hides that something does not exist
	CauseRefused       Cause = "refused"     // a registry refuses a push
	CauseUnavailable   Cause = "unavailable" // a registry or the network does not work
	CauseAddress       Cause = "address"     // the registry's name does not resolve, or a proxy blocks it
	CauseContent       Cause = "content"     // the bytes do not match their digest
	CauseUnsupported   Cause = "unsupported" // an image that is not mirrored by design
	CauseOverlap       Cause = "overlap"     // two sources for one destination
	CauseProtected     Cause = "protected"   // the destination is a protected tag
	CauseInterrupted   Cause = "interrupted"
	CauseOther         Cause = "other"
)

// Causes lists all causes.
func Causes() []Cause {
	return []Cause{
		CauseSourceMissing, CauseDenied, CauseRefused, CauseUnavailable, CauseAddress, CauseContent, CauseUnsupported, CauseOverlap,
		CauseProtected, CauseInterrupted, CauseOther,
	}
}

// Entry is the result for one destination.
type Entry struct {
	File        string  `json:"file,omitempty"` // where the destination is written
	Line        int     `json:"line,omitempty"`
	Column      int     `json:"column,omitempty"`
	Source      string  `json:"source"`
	Destination string  `json:"destination"`
	Outcome     Outcome `json:"outcome"`
	Digest      string  `json:"digest,omitempty"`   // of the source
	Previous    string  `json:"previous,omitempty"` // of the destination before
	Backup      string  `json:"backup,omitempty"`   // the tag under which Previous is kept
	// Look and SourceLook are how the destination and the source were read:
	// LookProtocol, or the kind of list, such as "quay". SourceLook is "" for a
	// source that is given by digest.
	Look       string `json:"look,omitempty"`
	SourceLook string `json:"sourceLook,omitempty"`
	Error      string `json:"error,omitempty"`
	Cause      Cause  `json:"cause,omitempty"`
	// Host is the registry that an error is about. Reason is the error without
	// the details of this entry: entries that failed for one reason have the
	// same. Report.Failures counts them.
	Host    string   `json:"host,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Details []string `json:"details,omitempty"` // what differs, was left out, or was copied in addition
	// Started is when work on the destination began, in seconds from the start
	// of the run; Seconds is how long it took. Both are 0 if it never began.
	Started float64 `json:"started"`
	Seconds float64 `json:"seconds"`
	// Requests, Retries and Waits belong to this destination and its source;
	// Retried is the reason of the first retry. What several destinations share
	// is counted for the first of them.
	Requests int64           `json:"requests,omitempty"`
	Retries  int64           `json:"retries,omitempty"`
	Retried  string          `json:"retried,omitempty"`
	Waits    []throttle.Wait `json:"waits,omitempty"` // of a tenth of a second or more, the longest first
	// Bytes are those of the blobs that were sent (in a dry run: would be
	// sent). Size and Blobs are those of the image, as far as its manifests
	// were read; 0 if none was.
	Bytes int64 `json:"bytes,omitempty"`
	Size  int64 `json:"size,omitempty"`
	Blobs int   `json:"blobs,omitempty"`
	// Platforms are those of an index that was read, such as "linux/amd64".
	Platforms []string `json:"platforms,omitempty"`
}

// LookProtocol is the Look of a destination that was read by its tag.
const LookProtocol = "protocol"

// Bad reports whether the entry fails the run. A protected destination does,
// unless protected tags are tolerated: Error says why it is protected in the
// first case, Details in the second.
func (e Entry) Bad() bool {
	switch e.Outcome {
	case Failed, Unknown, Interrupted, Differs, Absent:
		return true
	case Protected:
		return e.Error != ""
	}
	return false
}

// Moved counts what was written (in a dry run: what would be written).
type Moved = transfer.Moved

// Problem is an error in a mapping file that was left out.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to do
}

// Report is the result of a run.
type Report struct {
	Version int       `json:"version"` // 1
	Mode    Mode      `json:"mode"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Entries []Entry   `json:"entries"` // in the order of the plan
	// Problems are the errors of mapping files that were left out. The caller,
	// who reads the files, adds them.
	Problems []Problem            `json:"problems,omitempty"`
	Notes    []string             `json:"notes,omitempty"`
	Summary  map[Outcome]int      `json:"summary"`
	Moved    Moved                `json:"moved"`
	Hosts    []throttle.HostStats `json:"hosts"`
	Requests int64                `json:"requests"`
	// Expected is the number of requests that a run takes, in the report of a
	// dry run. It is exact as long as nobody else writes meanwhile and the
	// destinations accept mounts. It does not include retries, tokens for
	// writing, records, and the second read of destinations that are protected
	// or took more than ten seconds.
	Expected int64 `json:"expectedRequests,omitempty"`
	// ReferrersLeft counts signatures and other referrers that were not copied,
	// as far as they were seen at the sources without a request.
	ReferrersLeft int `json:"referrersLeft,omitempty"`
}

// OK reports whether nothing failed, nothing differs, and no mapping file was
// left out.
func (r *Report) OK() bool {
	return len(r.Problems) == 0 && !slices.ContainsFunc(r.Entries, Entry.Bad)
}

// causeOf returns the class of an error.
func causeOf(err error) Cause {
	var wrong *registry.DigestError
	var missing *transfer.MissingError
	var kept *tags.ProtectedError
	var manifest *registry.ManifestError
	var token *auth.Status
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		return CauseInterrupted
	case errors.As(err, &kept):
		return CauseProtected
	case errors.As(err, &missing):
		return CauseSourceMissing
	case registry.NoRegistry(err):
		return CauseAddress
	case errors.Is(err, registry.ErrSchema1), errors.Is(err, transfer.ErrUnsupported):
		return CauseUnsupported
	case errors.Is(err, errOverlap):
		return CauseOverlap
	case errors.As(err, &wrong), errors.As(err, &manifest):
		return CauseContent
	case registry.Denied(err), errors.Is(err, auth.ErrRealm), errors.As(err, new(*registry.PushError)), errors.As(err, &token) && token.Refused():
		return CauseDenied
	case registry.Unavailable(err):
		return CauseUnavailable
	case registry.StatusOf(err) != 0:
		if s := registry.StatusOf(err); s >= 500 && s != http.StatusInsufficientStorage {
			return CauseUnavailable
		}
		return CauseRefused
	case token != nil:
		return CauseRefused
	}
	return CauseOther
}

// reasonOf returns the part of an error that entries which fail for one reason
// have in common.
func reasonOf(err error, cause Cause) (host, reason string) {
	var realm *auth.RealmError
	switch {
	case errors.As(err, new(*transfer.SeveralError)), errors.As(err, new(*transfer.SparseError)):
		return "", ReasonPlatforms
	case errors.As(err, &realm):
		return realm.Registry, ReasonTokenHost
	case errors.As(err, new(*registry.SizeError)):
		return "", ReasonBlobSize
	case errors.As(err, new(*registry.CrowdedError)):
		return "", ReasonMemory
	}
	switch cause {
	case CauseInterrupted, CauseOverlap, CauseProtected, CauseUnsupported:
		return "", reasons[cause]
	}
	host, reason = registry.Blame(err)
	if own, ok := reasons[cause]; ok {
		reason = own
	}
	if cause == CauseOther {
		return host, cmp.Or(reason, "another error")
	}
	return host, cmp.Or(reason, string(cause))
}

// Reasons that a setting of the caller can change.
const (
	// ReasonPlatforms: the platform filter selects several images where one is
	// needed, or the registry refuses an index without some of its platforms.
	ReasonPlatforms = "the platform filter"
	// ReasonTokenHost: the registry wants its credential sent to a host that is
	// not trusted with it; see [registry.Options].
	ReasonTokenHost = "token endpoint on another host"
	// ReasonLogin: the registry refuses the credential as such, for every
	// repository.
	ReasonLogin = registry.ReasonLogin
	// ReasonBlobSize: a blob is larger than the limit of [registry.Options].
	ReasonBlobSize = "blob larger than the limit"
	// ReasonMemory: the manifests of images in progress take too much memory.
	ReasonMemory = "too many large manifests at the same time"
)

var reasons = map[Cause]string{
	CauseSourceMissing: "no such source",
	CauseContent:       "wrong content",
	CauseUnsupported:   "unsupported image format",
	CauseOverlap:       "two sources for one destination",
	CauseProtected:     "protected destination",
	CauseInterrupted:   "the run ended early",
}

var (
	errInterrupted = errors.New("the run ended before this image was copied")
	errOverlap     = errors.New("two sources for one destination")
)
