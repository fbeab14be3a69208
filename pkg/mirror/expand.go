package mirror

import (
	"context"
	"fmt"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// expander expands the wildcards of a plan.
type expander struct {
	opts  Options
	lists *tags.Lists
	book  *book
}

// expand turns the groups of a plan into jobs, one for each source: a wildcard
// becomes the matching tags of its repository. overlap has, by destinationKey,
// an error for each destination that has two sources after that.
func (x *expander) expand(ctx context.Context, plan *Plan) (jobs []*job, overlap map[string]error) {
	var wildcards []int
	for i, g := range plan.Groups {
		if g.Source.Wildcard() {
			wildcards = append(wildcards, i)
		}
	}
	found := make([][]*job, len(wildcards))
	flight.Each(len(wildcards), x.opts.Parallel, func(i int) { found[i] = x.tags(ctx, plan.Groups[wildcards[i]]) })
	jobs = make([]*job, 0, len(plan.Groups))
	for i := range plan.Groups {
		if g := &plan.Groups[i]; !g.Source.Wildcard() {
			jobs = append(jobs, &job{source: &g.Source, targets: g.Targets})
			continue
		}
		jobs = append(jobs, found[0]...)
		found = found[1:]
	}
	return jobs, x.overlaps(jobs)
}

// tags makes a job of each tag that a wildcard matches.
func (x *expander) tags(ctx context.Context, g Group) []*job {
	failed := func(err error) []*job { return []*job{{source: &g.Source, targets: g.Targets, err: err}} }
	if x.book.ended(ctx) {
		return failed(errInterrupted)
	}
	from := registry.Repository{Host: g.Source.Host(), Path: g.Source.Path()}
	listed, err := x.lists.Of(ctx, from)
	if err != nil {
		if registry.NotFound(err) {
			err = &transfer.MissingError{What: "listing the tags of " + from.String(), Err: err, Source: true}
		}
		return failed(err)
	}
	pattern := tagPattern(g.Source)
	var jobs []*job
	for _, tag := range listed {
		if !mapping.MatchTag(pattern, tag) || tags.IsRecord(tag) {
			continue
		}
		if !mapping.ValidTag(tag) {
			x.book.note("%s: %s lists the invalid tag %.140q: skipped", g.Source.Pos, from, tag)
			continue
		}
		source := g.Source
		source.Tag = tag
		j := &job{source: &source}
		for _, t := range g.Targets {
			t.Source.Tag, t.Destination.Tag = tag, tag
			j.targets = append(j.targets, t)
		}
		jobs = append(jobs, j)
	}
	if len(jobs) == 0 {
		x.book.note("%s: no tag of %s matches %s: nothing to mirror", g.Source.Pos, from, pattern)
	}
	return jobs
}

// overlaps finds destinations that have two sources after wildcards are
// expanded. They fail, so that the result does not depend on chance; if overlap
// is allowed, only the last source is used.
func (x *expander) overlaps(jobs []*job) map[string]error {
	type writer struct{ job, target int }
	last := map[string]writer{}
	drop := map[writer]bool{}
	overlap := map[string]error{}
	for i, j := range jobs {
		if j.err != nil {
			continue
		}
		for k, t := range j.targets {
			key := destinationKey(t.pair())
			other, taken := last[key]
			last[key] = writer{i, k}
			if !taken {
				continue
			}
			o := jobs[other.job].targets[other.target]
			switch {
			case sourceKey(o.Source) == sourceKey(t.Source):
				drop[writer{i, k}] = true
				last[key] = other
			case x.opts.AllowOverlap:
				drop[other] = true
				x.book.note("%s: %s is also written from %s at %s; the later one wins", o.Destination.Pos, o.Destination.Exact(), t.Source.Exact(), t.Destination.Pos)
			case overlap[key] == nil:
				overlap[key] = fmt.Errorf("%w: %s is written from %s at %s and from %s at %s",
					errOverlap, t.Destination.Exact(), o.Source.Exact(), o.Destination.Pos, t.Source.Exact(), t.Destination.Pos)
			default:
				overlap[key] = fmt.Errorf("%w and from %s at %s", overlap[key], t.Source.Exact(), t.Destination.Pos)
			}
		}
	}
	if len(drop) == 0 {
		return overlap
	}
	for i, j := range jobs {
		kept := make([]Target, 0, len(j.targets))
		for k, t := range j.targets {
			if !drop[writer{i, k}] {
				kept = append(kept, t)
			}
		}
		j.targets = kept
	}
	return overlap
}
