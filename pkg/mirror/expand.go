package mirror

import (
	"context"
	"fmt"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// expand turns the groups of a plan into jobs, one for each source without
// wildcards: a wildcard becomes the tags of its repository that match.
func (r *run) expand(ctx context.Context, plan *Plan) []*job {
	var wildcards []int
	for i, g := range plan.Groups {
		if g.Source.Wildcard() {
			wildcards = append(wildcards, i)
		}
	}
	found := make([][]*job, len(wildcards))
	spread(len(wildcards), r.opts.Parallel, func(i int) { found[i] = r.tags(ctx, plan.Groups[wildcards[i]]) })
	jobs := make([]*job, 0, len(plan.Groups))
	for i := range plan.Groups {
		if g := &plan.Groups[i]; !g.Source.Wildcard() {
			jobs = append(jobs, &job{source: &g.Source, targets: g.Targets})
			continue
		}
		jobs = append(jobs, found[0]...)
		found = found[1:]
	}
	r.overlaps(jobs)
	return jobs
}

// tags makes a job of each tag that a wildcard stands for.
func (r *run) tags(ctx context.Context, g Group) []*job {
	failed := func(err error) []*job { return []*job{{source: &g.Source, targets: g.Targets, err: err}} }
	if r.ended(ctx) {
		return failed(errInterrupted)
	}
	from := registry.Repository{Host: g.Source.Host(), Path: g.Source.Path()}
	tags, err := r.tagsOf(ctx, from)
	if err != nil {
		if registry.NotFound(err) {
			err = &missingError{"listing the tags of " + from.String(), err, true}
		}
		return failed(err)
	}
	pattern := g.Source.Tag
	if pattern == "" {
		pattern = "*"
	}
	var jobs []*job
	for _, tag := range tags {
		if !mapping.MatchTag(pattern, tag) || isRecord(tag) {
			continue
		}
		if !mapping.ValidTag(tag) {
			r.note("%s: %s lists the tag %.140q, which is no valid tag: left out", g.Source.Pos, from, tag)
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
		r.note("%s: no tag of %s matches %s: nothing to mirror", g.Source.Pos, from, pattern)
	}
	return jobs
}

// overlaps finds destinations that have two sources only now that wildcards are
// known. They fail, so that no tag is written by chance; where overlap is
// allowed, all but the last are left out.
func (r *run) overlaps(jobs []*job) {
	type writer struct{ job, target int }
	last := map[string]writer{}
	drop := map[writer]bool{}
	r.overlap = map[string]error{}
	for i, j := range jobs {
		if j.err != nil {
			continue
		}
		for k, t := range j.targets {
			key := destinationKey(mapping.Pair(t))
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
			case r.opts.AllowOverlap:
				drop[other] = true
				r.note("%s: %s is also written from %s at %s, which comes later and wins", o.Destination.Pos, o.Destination.Exact(), t.Source.Exact(), t.Destination.Pos)
			case r.overlap[key] == nil:
				r.overlap[key] = fmt.Errorf("%w: %s is written from %s at %s and from %s at %s",
					errOverlap, t.Destination.Exact(), o.Source.Exact(), o.Destination.Pos, t.Source.Exact(), t.Destination.Pos)
			default:
				r.overlap[key] = fmt.Errorf("%w and from %s at %s", r.overlap[key], t.Source.Exact(), t.Destination.Pos)
			}
		}
	}
	if len(drop) == 0 {
		return
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
}
