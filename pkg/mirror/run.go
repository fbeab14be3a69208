package mirror

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// Run carries out a plan and reports on every destination. Failures are in the
// report; the error is for a run that could not start. A run that is ended
// early by its context or by Drain has a report, too.
func Run(ctx context.Context, plan *Plan, opts Options) (*Report, error) {
	if opts.Client == nil {
		return nil, fmt.Errorf("mirror: no registry client")
	}
	opts = opts.withDefaults()
	b := newBook(opts)
	for _, n := range plan.Notes {
		b.note("%s", n.Error())
	}
	lists := tags.NewLists(opts.Client.Lists)
	e := &expander{opts: opts, lists: lists, book: b}
	jobs, overlap := e.expand(ctx, plan)
	b.layOut(jobs)
	r := newRun(opts, b, lists, jobs)
	r.overlap = overlap
	wait := r.scouting.scout(ctx, jobs)
	r.work(ctx, jobs)
	wait()
	if n := r.aligner.left.Count(mirroredBy(jobs)); n > 0 {
		b.report.ReferrersLeft = n
		b.note("%d signatures or other referrers exist at the sources and were not copied", n)
	}
	b.report.Moved = r.aligner.copier.Moved()
	return b.finish(ctx, opts.Client.Stats(), r.nowhere.Requests()), nil
}

// run is one run: it reads sources and destinations, and has the destinations
// aligned that are not known to be unchanged.
type run struct {
	opts     Options
	book     *book
	looks    *looks
	sources  *sources
	scouting *scouting
	aligner  *aligner
	nowhere  transfer.Nowhere // the writer of a run that writes nothing
	overlap  map[string]error // by destinationKey: the error that it has several sources
}

func newRun(opts Options, b *book, tagLists *tags.Lists, jobs []*job) *run {
	r := &run{opts: opts, book: b}
	lists := opts.Lists && !opts.Force && !opts.Deep && !opts.Adopt
	r.looks = newLooks(opts.Client, opts.Now, lists, jobs, func(i int, j *job) registry.Repository { return opts.destination(j.targets[i].Destination) })
	filter := transfer.Filter{Platform: opts.Platform, Single: opts.Single}
	r.sources = &sources{client: opts.Client, looks: r.looks, filter: filter}
	r.scouting = newScouting(jobs, b.note)
	r.scouting.opts, r.scouting.book, r.scouting.sources, r.scouting.looks, r.scouting.destination = opts, b, r.sources, r.looks, opts.destination
	var w transfer.Writer = opts.Client
	if opts.Mode != ModeRun {
		w = &r.nowhere
	}
	r.aligner = newAligner(opts, b, tagLists, jobs, filter, w)
	r.aligner.looks, r.aligner.scouting = r.looks, r.scouting
	return r
}

// work copies every target of every job, on as many goroutines as the options
// allow.
func (r *run) work(ctx context.Context, jobs []*job) {
	r.opts.Monitor.expect(len(r.book.report.Entries))
	if r.opts.FailFast {
		r.inOrder(ctx, jobs)
		return
	}
	q := newQueue(jobs, max(1, r.opts.Parallel/32))
	flight.Each(len(r.book.report.Entries), r.opts.Parallel, func(int) {
		item := q.next()
		r.copy(ctx, item.job, item.target)
		q.done(item)
	})
}

// inOrder copies one target after the other, in the order of the files, so that
// chance does not decide which of several failures ends the run.
func (r *run) inOrder(ctx context.Context, jobs []*job) {
	type place struct {
		job    *job
		target int
	}
	var all []place
	for _, j := range jobs {
		for i := range j.targets {
			all = append(all, place{j, i})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int {
		return cmp.Compare(a.job.targets[a.target].order, b.job.targets[b.target].order)
	})
	for _, p := range all {
		r.copy(ctx, p.job, p.target)
	}
}

// mirroredBy reports whether jobs copy a source, in canonical form.
func mirroredBy(jobs []*job) func(canonical string) bool {
	known := sync.OnceValue(func() map[string]bool {
		known := map[string]bool{}
		for _, j := range jobs {
			known[j.source.Canonical()] = true
		}
		return known
	})
	return func(canonical string) bool { return known()[canonical] }
}

// writtenBy reports whether jobs write a destination, in canonical form.
func writtenBy(jobs []*job, wanted bool) func(canonical string) bool {
	written := map[string]bool{}
	for _, j := range jobs {
		for _, t := range j.targets {
			if wanted {
				written[t.Destination.Canonical()] = true
			}
		}
	}
	return func(canonical string) bool { return written[canonical] }
}
