package mirror

import (
	"cmp"
	"slices"
	"sync"
)

// queue returns targets in the order of the plan, but a slow repository, be it
// source or destination, does not hold up the others: each has a share of the
// targets in progress, and gets more only if nothing else is left.
type queue struct {
	mu    sync.Mutex
	jobs  []*job // not started
	first int    // target of the first of them
	share int
	lanes map[string]*lane
	held  []*lane // those with waiting targets
}

// lane is one repository.
type lane struct {
	busy    int // targets in progress that read or write this repository
	share   int // the most targets in progress
	waiting []*item
}

// item is one target of a job.
type item struct {
	job    *job
	target int
	lanes  [2]*lane // of the source and the destination
	waits  int      // how many times it had to wait for a lane so far
}

func newQueue(jobs []*job, share int) *queue {
	return &queue{jobs: jobs, share: share, lanes: map[string]*lane{}}
}

// next returns the next item; it is called once for each target of each job.
func (q *queue) next() *item {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for i := 0; i < len(q.held); i++ {
			l := q.held[i]
			for l.busy < l.share && len(l.waiting) > 0 {
				t := l.waiting[0]
				l.waiting = l.waiting[1:]
				if q.take(t) {
					return t
				}
			}
			if len(l.waiting) == 0 {
				q.held = slices.Delete(q.held, i, i+1)
				i--
			}
		}
		for len(q.jobs) > 0 {
			j, i := q.jobs[0], q.first
			if i == len(j.targets) {
				q.jobs, q.first = q.jobs[1:], 0
				continue
			}
			q.first++
			t := &item{job: j, target: i, lanes: [2]*lane{
				q.lane(j.source.CanonicalRepository()),
				q.lane(j.targets[i].Destination.CanonicalRepository()),
			}}
			if q.take(t) {
				return t
			}
		}
		least := slices.MinFunc(q.held, func(a, b *lane) int { return cmp.Compare(a.busy, b.busy) })
		least.share = least.busy + 1
	}
}

// take starts an item, or lets it wait for the first of its lanes that is full.
// An item that has waited often enough is started anyway, so that the total
// work grows only with the number of targets.
func (q *queue) take(t *item) bool {
	for _, l := range t.lanes {
		if l.busy >= l.share && t.waits < 8 {
			t.waits++
			if l.waiting = append(l.waiting, t); !slices.Contains(q.held, l) {
				q.held = append(q.held, l)
			}
			return false
		}
	}
	for _, l := range t.lanes {
		l.busy++
	}
	return true
}

func (q *queue) lane(repository string) *lane {
	l, ok := q.lanes[repository]
	if !ok {
		l = &lane{share: q.share}
		q.lanes[repository] = l
	}
	return l
}

func (q *queue) done(t *item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range t.lanes {
		l.busy--
	}
}
