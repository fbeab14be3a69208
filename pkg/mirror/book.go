package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// book collects the report of a run.
type book struct {
	opts Options

	mu       sync.Mutex
	report   *Report
	bare     map[string]int // destinations by host that need a credential for push, and have none
	stop     chan struct{}  // closed by the first failure with FailFast
	stopOnce sync.Once
}

func newBook(opts Options) *book {
	return &book{
		opts: opts, stop: make(chan struct{}), bare: map[string]int{},
		report: &Report{Version: 1, Mode: opts.Mode, Started: opts.Now(), Entries: []Entry{}, Summary: map[Outcome]int{}},
	}
}

// ended reports whether nothing new may be started.
func (b *book) ended(ctx context.Context) bool {
	select {
	case <-ctx.Done():
	case <-b.opts.Drain:
	case <-b.stop:
	default:
		return false
	}
	return true
}

func (b *book) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report.Notes = append(b.report.Notes, b.printable(fmt.Sprintf(format, args...)))
}

// needsCredential counts a destination whose registry grants no push anonymously.
func (b *book) needsCredential(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bare[host]++
}

// layOut makes the entries of the report, in the order of the plan.
func (b *book) layOut(jobs []*job) {
	total := 0
	for _, j := range jobs {
		total += len(j.targets)
	}
	b.report.Entries = make([]Entry, 0, total)
	for _, j := range jobs {
		j.first = len(b.report.Entries)
		for _, t := range j.targets {
			pos := t.Destination.Pos
			b.report.Entries = append(b.report.Entries, Entry{
				File: pos.File, Line: pos.Line, Column: pos.Column,
				Source: t.Source.Exact(), Destination: t.Destination.Exact(),
				Outcome: Interrupted, Cause: CauseInterrupted, Error: errInterrupted.Error(), Reason: reasons[CauseInterrupted],
			})
		}
	}
}

// begin begins to count what an entry costs.
func (b *book) begin(i int, c *cost) {
	c.start = b.opts.Now()
	b.opts.Monitor.begin(i, b.report.Entries[i].Destination, c.start)
}

// done fills in an entry.
func (b *book) done(i int, c *cost, result Entry, err error) {
	b.tell(c, &result)
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &b.report.Entries[i]
	result.File, result.Line, result.Column, result.Source, result.Destination = e.File, e.Line, e.Column, e.Source, e.Destination
	*e = result
	if err != nil {
		b.fail(e, err)
	}
	b.opts.Monitor.end(i, e.Bad(), b.opts.Now())
	e.Error, e.Reason, e.Retried, e.Host = b.printable(e.Error), b.printable(e.Reason), b.printable(e.Retried), b.printable(e.Host)
	for i := range e.Details {
		e.Details[i] = b.printable(e.Details[i])
	}
	if b.opts.FailFast && e.Bad() {
		b.stopOnce.Do(func() { close(b.stop) })
	}
	if b.opts.Done != nil {
		b.opts.Done(*e)
	}
}

// fail records in an entry why it has no result.
func (b *book) fail(e *Entry, err error) {
	e.Error, e.Cause = err.Error(), causeOf(err)
	e.Host, e.Reason = reasonOf(err, e.Cause)
	switch e.Cause {
	case CauseInterrupted:
		e.Outcome = Interrupted
		if e.Retried != "" { // what it waited for
			e.Error += "; it was retrying after " + e.Retried
		}
	case CauseProtected:
		e.Outcome = Protected
		if b.opts.TolerateProtected {
			e.Details, e.Error, e.Cause, e.Reason = append(e.Details, e.Error), "", "", ""
		}
	case CauseDenied, CauseUnavailable, CauseAddress:
		if e.Outcome = Unknown; b.opts.Mode == ModeRun || errors.As(err, new(*registry.PushError)) {
			e.Outcome = Failed
		}
	default:
		e.Outcome = Failed
	}
}

// tell adds a cost to an entry.
func (b *book) tell(c *cost, e *Entry) {
	e.Started, e.Seconds = c.start.Sub(b.report.Started).Seconds(), b.opts.Now().Sub(c.start).Seconds()
	e.Requests, e.Bytes, e.Waits = c.Requests(), c.bytes.Load(), c.Waits(shortest)
	retries, why := c.Retries()
	if e.Retries = retries; why != nil {
		e.Retried = why.Error()
	}
}

// finish completes the report of a run. planned is the number of requests that
// the writes of a dry run would have taken.
func (b *book) finish(ctx context.Context, hosts []throttle.HostStats, planned int64) *Report {
	rep := b.report
	for i := range rep.Entries {
		e := &rep.Entries[i]
		if e.Error == errInterrupted.Error() { // never started
			e.Error += b.why(ctx)
		}
		rep.Summary[e.Outcome]++
	}
	for host, n := range b.bare {
		b.note("%s: no credential configured that can push, which a run needs for %s", host, text.Plural(n, "destination"))
	}
	rep.Seconds = b.opts.Now().Sub(rep.Started).Seconds()
	rep.Hosts = hosts
	for _, h := range rep.Hosts {
		rep.Requests += h.Requests
	}
	if rep.Mode == ModePlan {
		rep.Expected = rep.Requests + planned
	}
	slices.Sort(rep.Notes)
	return rep
}

// why returns what ended the run early, as the end of an error.
func (b *book) why(ctx context.Context) string {
	if ctx.Err() != nil {
		return ": " + context.Cause(ctx).Error()
	}
	select {
	case <-b.stop:
		return ": another destination failed first"
	default:
		return ""
	}
}

// printable makes text of a registry safe for a terminal, a log and a page:
// without control characters, and short enough to read.
func printable(s string) string { return text.Short(s, 2000) }

// printable makes text of a registry safe to print, and removes secrets from
// it.
func (b *book) printable(s string) string { return printable(b.opts.Client.Scrub(s)) }
