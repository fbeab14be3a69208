package mirror

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

func jobOf(source string, destinations ...string) *job {
	ref := func(path string) mapping.Reference {
		return mapping.Reference{Registry: "r.example", Repository: path, Tag: "t"}
	}
	from := ref(source)
	j := &job{source: &from}
	for _, d := range destinations {
		j.targets = append(j.targets, Target{Source: from, Destination: ref(d)})
	}
	return j
}

// TestQueueShares returns targets of which the first hundred never end, because
// their repository does not answer: all others are still returned.
func TestQueueShares(t *testing.T) {
	for _, c := range []struct {
		name  string
		stuck func(i int) *job
	}{
		{"destination", func(i int) *job { return jobOf("src", "stuck") }},
		{"destination of other sources", func(i int) *job { return jobOf(fmt.Sprint("src", i), "stuck") }},
		{"source", func(i int) *job { return jobOf("stuck", fmt.Sprint("dst", i)) }},
		{"many tags of one source", func(i int) *job { return jobOf("src", slices.Repeat([]string{"stuck"}, 30)...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var jobs []*job
			stuck := map[*job]bool{}
			for i := range 100 {
				jobs = append(jobs, c.stuck(i))
				stuck[jobs[i]] = true
			}
			const quick = 300
			for i := range quick {
				jobs = append(jobs, jobOf("src", fmt.Sprint("dst", i)))
			}
			const workers, share = 32, 2
			q := newQueue(jobs, share)
			var busy []*item
			held := 0
			for finished := 0; finished < quick; finished++ {
				for len(busy)+held < workers && finished+len(busy) < quick {
					if got := q.next(); stuck[got.job] {
						held++
					} else {
						busy = append(busy, got)
					}
				}
				if len(busy) == 0 {
					t.Fatalf("%d of %d were dealt out before all workers were stuck", finished, quick)
				}
				q.done(busy[0])
				busy = busy[1:]
			}
			if held > workers/2 {
				t.Errorf("%d of %d workers were held by one repository", held, workers)
			}
		})
	}
}

// TestQueueGivesEverything returns every target once, for any lanes; with one
// repository all at once, in the order of the plan.
func TestQueueGivesEverything(t *testing.T) {
	var jobs []*job
	for i := range 1000 {
		jobs = append(jobs, jobOf(fmt.Sprint("src", i*7%13), fmt.Sprint("dst", i*5%11), fmt.Sprint("dst", i*3%17)))
	}
	jobs = append(jobs, jobOf("no target"))
	q := newQueue(jobs, 2)
	type key struct {
		job    *job
		target int
	}
	seen := map[key]bool{}
	var busy []*item
	for range 2000 {
		got := q.next()
		if seen[key{got.job, got.target}] {
			t.Fatal("a target was dealt out twice")
		}
		seen[key{got.job, got.target}] = true
		if busy = append(busy, got); len(busy) == 16 {
			q.done(busy[0])
			busy = busy[1:]
		}
	}
	if len(seen) != 2000 {
		t.Errorf("%d of 2000 targets were dealt out", len(seen))
	}

	jobs = []*job{jobOf("src", "dst", "dst"), jobOf("src", "dst"), jobOf("src", "dst")}
	one := newQueue(jobs, 1)
	for _, want := range []key{{jobs[0], 0}, {jobs[0], 1}, {jobs[1], 0}, {jobs[2], 0}} {
		if got := one.next(); got.job != want.job || got.target != want.target {
			t.Errorf("target %d of job %d comes before its turn", got.target, slices.Index(jobs, got.job))
		}
	}
}
