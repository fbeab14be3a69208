package mirror

import (
	"context"
	"log/slog"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Mode is what a run does with what it finds.
type Mode string

// The modes. All three decide in the same way.
const (
	ModeRun   Mode = "run"   // copy what is missing or different
	ModePlan  Mode = "plan"  // write nothing, report what would be copied
	ModeCheck Mode = "check" // write nothing, report what is different
)

// Overwrite decides which tags may be moved from one image to another. A tag
// that does not exist is written in any case.
type Overwrite = tags.Overwrite

// The decisions.
const (
	OverwriteAlways = tags.Always
	OverwriteOurs   = tags.Ours // those that hold what was mirrored to them last
	OverwriteNever  = tags.Never
)

// Options tell how a plan is carried out. Client must be set.
type Options struct {
	Mode   Mode // default: ModeRun
	Client *registry.Client
	// Parallel is the number of copies worked on at a time; default: twice as
	// many as the client sends requests to a registry at a time.
	Parallel int
	// Platform chooses the children of an index by os/architecture[/variant];
	// nil: all of them. The index itself is copied as it is.
	Platform func(platform string) bool
	// Single copies the one chosen child of an index instead of the index.
	Single bool
	// Force writes every destination, whatever is there, but for what is
	// protected.
	Force bool
	// Overwrite decides which tags may be moved to another image; default: always.
	Overwrite Overwrite
	// Immutable are the tags that are never moved, whatever Overwrite says.
	Immutable []mapping.Glob
	// Adopt takes what the destinations hold for what we gave them last, where
	// Overwrite asks for that.
	Adopt bool
	// Backup names the tag under which an image is kept before its tag is moved;
	// nil: it is not kept. The plan has to be made with the same.
	Backup *mapping.Backup
	// TolerateProtected keeps a destination that is left as it is for these
	// reasons from making the run fail.
	TolerateProtected bool
	// Deep looks behind a destination that has the right digest, for children
	// and blobs that are missing there, and repairs them.
	Deep bool
	// SkipMissing passes over sources that do not exist.
	SkipMissing bool
	// SkipMount never asks a registry to take a blob from another repository.
	SkipMount bool
	// Referrers copies what refers to an image too: signatures, attestations.
	Referrers bool
	// AllowOverlap lets the last of several sources of one destination win when
	// only a wildcard shows that there are several.
	AllowOverlap bool
	// FailFast starts nothing new after the first failure.
	FailFast bool
	// Drain, when closed, ends the run gently: nothing new is started, what is
	// under way is finished. Cancelling the context ends it at once.
	Drain <-chan struct{}
	// Done is told of each destination when it is finished, one at a time.
	Done func(Entry)
	// Monitor, when not nil, shows the run at work.
	Monitor *Monitor
	// Lists lets the list of a whole repository, where the client can have one,
	// tell that a tag is unchanged. Nothing is written or protected by a list.
	Lists bool
	Now   func() time.Time // nil: time.Now
	// Sleep waits for a time or until the context ends; nil: by a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger // nil: discarded
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
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
