package mirror

import (
	"context"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Mode is what a run does with differences.
type Mode string

// The modes. All three make the same decisions.
const (
	ModeRun   Mode = "run"   // copy what is missing or different
	ModePlan  Mode = "plan"  // write nothing, report what would be copied
	ModeCheck Mode = "check" // write nothing, report what is different
)

// Overwrite decides which tags may be moved from one image to another. A
// missing tag is always written.
type Overwrite = tags.Overwrite

// The values of Overwrite.
const (
	OverwriteAlways = tags.Always
	OverwriteOurs   = tags.Ours // those that hold what mirror pushed there last
	OverwriteNever  = tags.Never
)

// Options control how a plan is carried out. Client must be set.
type Options struct {
	Mode   Mode // default: ModeRun
	Client *registry.Client
	// Parallel is the number of copies in progress at the same time; default:
	// twice the client's concurrent requests to one registry.
	Parallel int
	// Platform selects the children of an index by os/architecture[/variant];
	// nil selects all. The index itself is not changed.
	Platform func(platform string) bool
	// Single copies the one selected child of an index instead of the index.
	Single bool
	// Force pushes to every destination that is not protected, even if it is up
	// to date.
	Force bool
	// Overwrite decides which tags may be moved to another image; default: always.
	Overwrite Overwrite
	// Immutable are the tags that are never moved, whatever Overwrite says.
	Immutable []mapping.Glob
	// Adopt treats the current tags as mirrored by us, for OverwriteOurs.
	Adopt bool
	// Backup names the tag that keeps an image before its tag is moved; nil
	// keeps none. The plan must have the same Backup.
	Backup *mapping.Backup
	// TolerateProtected keeps protected tags from failing the run.
	TolerateProtected bool
	// Deep checks everything below a correct digest for missing children and
	// blobs, and repairs them.
	Deep bool
	// SkipMissing skips sources that do not exist.
	SkipMissing bool
	// SkipMount never mounts blobs from other repositories.
	SkipMount bool
	// Referrers also copies referrers: signatures, attestations and SBOMs.
	Referrers bool
	// AllowOverlap uses the last source of a destination that has several after
	// wildcards are expanded.
	AllowOverlap bool
	// FailFast starts nothing new after the first failure.
	FailFast bool
	// Drain, when closed, ends the run gracefully: nothing new is started, and
	// copies in progress are finished. Cancelling the context ends it at once.
	Drain <-chan struct{}
	// Done is called with each finished destination, one at a time.
	Done func(Entry)
	// Monitor shows the progress of the run; nil for none.
	Monitor *Monitor
	// Lists allows a list of a whole repository, if the client can read one, to
	// show that a tag is unchanged. Nothing is written or protected because of
	// a list.
	Lists bool
	Now   func() time.Time // nil: time.Now
	// Sleep waits for a time or until the context ends; nil: by a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

func (o Options) withDefaults() Options {
	if o.Mode == "" {
		o.Mode = ModeRun
	}
	if o.Overwrite == "" {
		o.Overwrite = OverwriteAlways
	}
	if o.Parallel <= 0 {
		o.Parallel = 2 * o.Client.MaxPerHost()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = throttle.Clock{}.WithDefaults().Sleep
	}
	return o
}
