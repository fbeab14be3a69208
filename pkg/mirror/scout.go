package mirror

import (
	"context"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// scoutTime is how long copying waits for the first requests, so that a
// registry that does not answer does not hold up the others.
const scoutTime = 5 * time.Second

// scouting are the checks before anything is written: the digests of sources
// that are also destinations, and whether each repository can be read and
// written.
type scouting struct {
	chained map[string]*chain // by canonical destination
	over    chan struct{}     // closed when copying may begin

	opts        Options
	book        *book
	sources     *sources
	looks       *looks
	destination func(mapping.Reference) registry.Repository
}

// chain is a source that is written in the same run.
type chain struct {
	job      *job
	resolved chan struct{} // closed when its digest is known
}

// newScouting finds the chains of a run and reports them.
func newScouting(jobs []*job, note func(format string, args ...any)) *scouting {
	s := &scouting{chained: map[string]*chain{}, over: make(chan struct{})}
	writer := map[string]Target{}
	for _, j := range jobs {
		for _, t := range j.targets {
			if t.Destination.Tag != "" {
				writer[t.Destination.Canonical()] = t
			}
		}
	}
	const most = 20
	more := 0
	for _, j := range jobs {
		key := j.source.CanonicalRepository() + ":" + j.source.Tag
		t, ok := writer[key]
		if !ok || j.source.Digest != "" || j.err != nil || len(j.targets) == 0 {
			continue
		}
		s.chained[key] = &chain{job: j, resolved: make(chan struct{})}
		if len(s.chained) > most {
			more++
			continue
		}
		note("%s: %s is also written in this run (from %s at %s): its image from before the run is mirrored now, the new one in the next run",
			j.source.Pos, j.source.Exact(), t.Source.Exact(), t.Destination.Pos)
	}
	if more > 0 {
		note("%d more sources are also written in this run", more)
	}
	return s
}

// before waits until the digest of a destination that is also a source is
// known; then it may be written.
func (s *scouting) before(ctx context.Context, canonical string) error {
	waiting := []chan struct{}{s.over}
	if c, ok := s.chained[canonical]; ok {
		waiting = append(waiting, c.resolved)
	}
	for _, w := range waiting {
		select {
		case <-w:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// scout reads the sources that are also destinations, and the first source and
// the first destination of each repository, so that a refused credential is
// known before anything is written. The results are used for the copies, so
// nothing is read twice. What a list of the repository has is not read; there the
// first destination is one that the list does not show to be unchanged. wait
// waits until all reads are done.
func (s *scouting) scout(ctx context.Context, jobs []*job) (wait func()) {
	tasks := s.scouts(jobs)
	all, cancel := context.WithCancel(ctx)
	var scouts sync.WaitGroup
	scouts.Go(func() {
		defer cancel()
		flight.Each(len(tasks), s.opts.Parallel, func(i int) { tasks[i](ctx) })
	})
	scouts.Go(func() {
		s.opts.Sleep(all, scoutTime)
		close(s.over)
	})
	return scouts.Wait
}

// scouts returns the first reads.
func (s *scouting) scouts(jobs []*job) []func(ctx context.Context) {
	var tasks []func(ctx context.Context)
	add := func(f func(ctx context.Context)) { tasks = append(tasks, f) }
	seen := map[registry.Repository]bool{}
	first := func(repo registry.Repository) bool {
		before := seen[repo]
		seen[repo] = true
		return !before
	}
	var order []registry.Repository
	places := map[registry.Repository][]earlyKey{}
	for _, j := range jobs {
		c, ok := s.chained[j.source.CanonicalRepository()+":"+j.source.Tag]
		switch {
		case j.err != nil || len(j.targets) == 0:
			continue
		case ok && c.job == j:
			add(func(ctx context.Context) { defer close(c.resolved); s.sources.early(ctx, j) })
		case j.source.Digest == "" && first(sourceOf(j)):
			add(func(ctx context.Context) { s.scoutSource(ctx, j) })
		}
		for i, t := range j.targets {
			repo := s.destination(t.Destination)
			if t.Destination.Tag == "" || len(places[repo]) > 0 && !s.looks.lists {
				continue
			}
			if len(places[repo]) == 0 {
				order = append(order, repo)
			}
			places[repo] = append(places[repo], earlyKey{j, i})
			s.looks.scouted[earlyKey{j, i}] = true
		}
	}
	for _, repo := range order {
		add(func(ctx context.Context) { s.scoutTargets(ctx, repo, places[repo]) })
	}
	return tasks
}

func (s *scouting) scoutSource(ctx context.Context, j *job) {
	if d, _ := s.looks.listed(ctx, sourceOf(j), j.source.Tag); d == "" && !s.book.ended(ctx) {
		s.sources.early(ctx, j)
	}
}

// scoutTargets reads the first destination of a repository that has to be read in
// any case.
func (s *scouting) scoutTargets(ctx context.Context, repo registry.Repository, keys []earlyKey) {
	for _, key := range keys {
		if s.book.ended(ctx) {
			return
		}
		if !s.unchanged(ctx, repo, key) {
			s.looks.early(s.sources.share(key.job).cost.into(ctx), key, repo)
			return
		}
	}
}

// unchanged reports whether a list has the digest of a destination, and no list
// has another one for its source.
func (s *scouting) unchanged(ctx context.Context, repo registry.Repository, key earlyKey) bool {
	have, _ := s.looks.listed(ctx, repo, key.job.targets[key.target].Destination.Tag)
	if have == "" || s.opts.Platform != nil || key.job.source.Digest != "" {
		return have != ""
	}
	want, _ := s.looks.listed(ctx, sourceOf(key.job), key.job.source.Tag)
	return want == "" || want == have
}
