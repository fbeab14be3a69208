package mirror

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Run carries out a plan and reports on every destination. What fails is in the
// report; the error is for a run that could not be made at all. A run that is
// ended early by its context or by Drain has a report, too.
func Run(ctx context.Context, plan *Plan, opts Options) (*Report, error) {
	if opts.Client == nil {
		return nil, fmt.Errorf("mirror: no registry client")
	}
	opts = opts.withDefaults()
	r := &run{
		opts: opts, client: opts.Client, w: opts.Client, started: map[placeKey]*placement{},
		report: &Report{Version: 1, Mode: opts.Mode, Started: opts.Now(), Entries: []Entry{}, Summary: map[Outcome]int{}},
		stop:   make(chan struct{}),
		// What failed because a registry is in trouble may work for the next who asks.
		tagLists: memo[registry.Repository, []string]{forget: registry.Unavailable},
		emptied:  memo[registry.Repository, struct{}]{forget: registry.Unavailable},
	}
	if opts.Mode != ModeRun {
		r.w = &r.nowhere
	}
	r.placer = &placer{
		client: opts.Client, w: r.w, mount: !opts.SkipMount, dry: opts.Mode != ModeRun,
		now: opts.Now, monitor: opts.Monitor, hosts: map[string]*blobHost{},
	}
	for _, n := range plan.Notes {
		r.note("%s", n.Error())
	}
	jobs := r.expand(ctx, plan)
	r.destinations(jobs)
	r.entries(jobs)
	opts.Monitor.expect(len(r.report.Entries))
	r.work(jobs, func(j *job, i int) { r.copy(ctx, j, i) })
	if n := r.left(jobs); n > 0 {
		r.report.ReferrersLeft = n
		r.note("%d signatures or other referrers of these images were seen at the sources and not copied: --referrers copies them", n)
	}
	return r.finish(ctx), nil
}

// run is one run at work.
type run struct {
	opts   Options
	client *registry.Client
	w      writer
	placer *placer
	// nowhere is the writer of a run that writes nothing.
	nowhere nowhere

	mu         sync.Mutex
	report     *Report
	started    map[placeKey]*placement
	overlap    map[string]error // by destinationKey: that it has several sources
	occupied   sync.Map         // registry.Repository: some tag of ours exists there
	relatives  sync.Map         // relativeKey: relative
	learned    memo[relative, bool]
	tagLists   memo[registry.Repository, []string]
	written    map[string]bool                     // canonical destinations, where backups are made
	emptied    memo[registry.Repository, struct{}] // those that have emptyBlob
	lists      sync.Map                            // "repository:tag" of a list of referrers: *sync.Mutex
	unfollowed sync.Map                            // subject: mirrored without what refers to it
	manifests  atomic.Int64
	stop       chan struct{} // closed by the first failure with FailFast
	stopOnce   sync.Once
}

// job is one source without wildcards and the entries of the report it fills.
type job struct {
	source  *mapping.Reference
	targets []Target
	first   int     // index of the first target's entry
	err     error   // known before anything was asked
	shared  *shared // while it is worked on
}

// shared is what the targets of a job have in common.
type shared struct {
	origin func() (*origin, error)
	cost   cost // of the source and the first target
	left   int  // targets that are not done
}

// ended says whether nothing new may be started.
func (r *run) ended(ctx context.Context) bool {
	select {
	case <-ctx.Done():
	case <-r.opts.Drain:
	case <-r.stop:
	default:
		return false
	}
	return true
}

func (r *run) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Notes = append(r.report.Notes, printable(fmt.Sprintf(format, args...)))
}

// entries lays out the report, in the order of the plan.
func (r *run) entries(jobs []*job) {
	total := 0
	for _, j := range jobs {
		total += len(j.targets)
	}
	r.report.Entries = make([]Entry, 0, total)
	for _, j := range jobs {
		j.first = len(r.report.Entries)
		for _, t := range j.targets {
			pos := t.Destination.Pos
			r.report.Entries = append(r.report.Entries, Entry{
				File: pos.File, Line: pos.Line, Column: pos.Column,
				Source: t.Source.Exact(), Destination: t.Destination.Exact(),
				Outcome: Interrupted, Cause: CauseInterrupted, Error: errInterrupted.Error(), Reason: reasons[CauseInterrupted],
			})
		}
	}
}

// done fills in an entry.
func (r *run) done(i int, result Entry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opts.Monitor.end(i)
	e := &r.report.Entries[i]
	result.File, result.Line, result.Column, result.Source, result.Destination = e.File, e.Line, e.Column, e.Source, e.Destination
	*e = result
	if err != nil {
		e.Error, e.Cause = err.Error(), causeOf(err)
		e.Host, e.Reason = reasonOf(err, e.Cause)
		switch e.Cause {
		case CauseInterrupted:
			e.Outcome = Interrupted
		case CauseProtected:
			e.Outcome = Protected
			if r.opts.TolerateProtected {
				e.Details, e.Error, e.Cause, e.Reason = append(e.Details, e.Error), "", "", ""
			}
		default:
			e.Outcome = Failed
		}
	}
	e.Error, e.Reason, e.Retried = printable(e.Error), printable(e.Reason), printable(e.Retried)
	for i := range e.Details {
		e.Details[i] = printable(e.Details[i])
	}
	if r.opts.FailFast && e.Bad() {
		r.stopOnce.Do(func() { close(r.stop) })
	}
	if r.opts.Done != nil {
		r.opts.Done(*e)
	}
}

// printable makes text that registries had a part in fit for a terminal, a log
// and a page: without control characters, and not longer than a person reads.
func printable(s string) string {
	const most = 2000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

func (r *run) finish(ctx context.Context) *Report {
	rep := r.report
	for i := range rep.Entries {
		e := &rep.Entries[i]
		if e.Error == errInterrupted.Error() && ctx.Err() != nil { // its turn never came
			e.Error += ": " + context.Cause(ctx).Error()
		}
		rep.Summary[e.Outcome]++
	}
	rep.Seconds = r.opts.Now().Sub(rep.Started).Seconds()
	rep.Moved = Moved{
		Blobs: r.placer.blobs.Load(), BlobBytes: r.placer.bytes.Load(),
		Mounts: r.placer.mounts.Load(), Manifests: r.manifests.Load(),
	}
	rep.Hosts = r.client.Stats()
	for _, h := range rep.Hosts {
		rep.Requests += h.Requests
	}
	if rep.Mode == ModePlan {
		rep.Expected = rep.Requests + r.nowhere.requests.Load()
	}
	slices.Sort(rep.Notes)
	return rep
}
