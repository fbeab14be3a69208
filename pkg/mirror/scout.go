package mirror

import (
	"context"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// scoutTime is how long the work waits for the first looks. A registry that
// does not answer for longer does not keep what others hold from being copied.
const scoutTime = 5 * time.Second

// scouting is what is found out before anything is written: what sources hold
// that are destinations, too, and whether each repository can be read and
// written.
type scouting struct {
	chained map[string]*chain // by canonical destination
	over    chan struct{}     // closed when the work may begin

	opts    Options
	book    *book
	sources *sources
	looks   *looks
	place   func(mapping.Reference) registry.Repository // of a destination
}

// chain is a source that is written in the same run.
type chain struct {
	job      *job
	resolved chan struct{} // closed when it is known what it holds
}

// newScouting finds the chains of a run and tells them.
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

// before waits until it is known what a destination holds that is the source of
// others; then it may be written.
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

// scout looks at the sources that are destinations, too, and at the first source
// and the first destination of each repository, so that a refused credential is
// known before anything is written. These looks are made once: the work takes
// them over. What a list of the repository tells need not be looked at. wait
// waits until all looks are made.
func (s *scouting) scout(ctx context.Context, jobs []*job) (wait func()) {
	tasks := s.scouts(jobs)
	all, cancel := context.WithCancel(ctx)
	var scouts sync.WaitGroup
	scouts.Go(func() {
		defer cancel()
		spread(len(tasks), s.opts.Parallel, func(i int) { tasks[i](ctx) })
	})
	scouts.Go(func() {
		s.opts.Sleep(all, scoutTime)
		close(s.over)
	})
	return scouts.Wait
}

// scouts are the looks that are made first.
func (s *scouting) scouts(jobs []*job) []func(ctx context.Context) {
	var tasks []func(ctx context.Context)
	add := func(f func(ctx context.Context)) { tasks = append(tasks, f) }
	seen := map[registry.Repository]bool{}
	first := func(repo registry.Repository) bool {
		before := seen[repo]
		seen[repo] = true
		return !before
	}
	for _, j := range jobs {
		c, ok := s.chained[j.source.CanonicalRepository()+":"+j.source.Tag]
		switch {
		case j.err != nil || len(j.targets) == 0:
			continue
		case ok && c.job == j:
			add(func(ctx context.Context) { defer close(c.resolved); s.sources.find(ctx, j, s.sources.share(j)) })
		case j.source.Digest == "" && first(sourceOf(j)):
			add(func(ctx context.Context) { s.scoutSource(ctx, j) })
		}
		for i, t := range j.targets {
			if t.Destination.Tag != "" && first(s.place(t.Destination)) {
				key := earlyKey{j, i}
				s.looks.scouted[key] = true
				add(func(ctx context.Context) { s.scoutTarget(ctx, key) })
			}
		}
	}
	return tasks
}

func (s *scouting) scoutSource(ctx context.Context, j *job) {
	if d, _ := s.looks.listed(ctx, sourceOf(j), j.source.Tag); d == "" && !s.book.ended(ctx) {
		s.sources.find(ctx, j, s.sources.share(j))
	}
}

func (s *scouting) scoutTarget(ctx context.Context, key earlyKey) {
	ref := key.job.targets[key.target].Destination
	if d, _ := s.looks.listed(ctx, s.place(ref), ref.Tag); d == "" && !s.book.ended(ctx) {
		s.looks.early(s.sources.share(key.job).cost.into(ctx), key, s.place(ref))
	}
}
