package effectreport

import (
	"fmt"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

// jobs returns the changed periodics: those that are removed, then what several
// of them have in common, then each of the others.
func jobs(e *effects.Effect) section {
	s := section{title: "Jobs", note: "changes in the periodics", sign: "~", open: true, counts: len(e.Jobs)}
	for _, j := range ofKind(e, effects.JobRemoved) {
		s.add(nil, item{text: effects.Words{effects.Code(j.Name), effects.Say(" is removed")}, at: j.Place})
	}
	changed := ofKind(e, effects.JobChanged)
	schedules := rescheduled(e)
	common := inCommon(schedules, changed)
	for _, c := range common {
		for i, words := range c.texts {
			it := item{text: words}
			if i == 0 { // once per group
				it.at, it.lines = changed[c.jobs[0]].Place, len(c.jobs)-1
			}
			s.add(c.heading(changed), it)
		}
	}
	listed := map[string]bool{}
	for _, c := range common {
		for _, words := range c.texts {
			listed[key(words)] = true
		}
	}
	for _, j := range changed {
		s.job(schedules, j, names(j.Name), listed)
	}
	for _, j := range ofKind(e, effects.JobAdded) {
		s.job(schedules, j, append(names(j.Name), effects.Say(" is added: it")), nil)
	}
	return s
}

// job adds the changed fields of a job, without those in listed.
func (s *section) job(schedules map[string]int, j effects.Job, name effects.Words, listed map[string]bool) {
	at := j.Place
	for _, f := range j.Fields {
		words := fieldText(schedules, j, f)
		if listed[key(words)] {
			continue
		}
		s.add(name, item{text: words, at: at})
		at = effects.Place{} // once per job
	}
}

func ofKind(e *effects.Effect, change effects.JobChange) []effects.Job {
	var out []effects.Job
	for _, j := range e.Jobs {
		if j.Change == change {
			out = append(out, j)
		}
	}
	return out
}

// fieldText describes a changed field, and how many destinations of [rescheduled] a
// schedule is for.
func fieldText(schedules map[string]int, j effects.Job, f effects.Field) effects.Words {
	if f.Name != "schedule" {
		return f.Text
	}
	if n := schedules[j.Name]; n > 0 {
		return append(slices.Clone(f.Text), say(": %s", text.Plural(n, "destination")))
	}
	return f.Text
}

// key identifies a text together with its markup.
func key(w effects.Words) string { return fmt.Sprintf("%q", w) }

// shared are changes that several jobs have in common.
type shared struct {
	jobs  []int
	texts []effects.Words
}

func (c shared) heading(all []effects.Job) effects.Words {
	var names []string
	for _, i := range c.jobs {
		names = append(names, all[i].Name)
	}
	return append(list(names), effects.Say(": each"))
}

// inCommon returns the changes that at least two jobs have in common, those of the
// most jobs first. Changes of the same jobs are together.
func inCommon(schedules map[string]int, all []effects.Job) []shared {
	have := map[string][]int{} // the jobs with a change
	var order []effects.Words
	for i, j := range all {
		for _, f := range j.Fields {
			words := fieldText(schedules, j, f)
			k := key(words)
			switch n := len(have[k]); {
			case n == 0:
				order = append(order, words)
			case have[k][n-1] == i:
				continue // the same text twice in one job
			}
			have[k] = append(have[k], i)
		}
	}
	var out []shared
	at := map[string]int{}
	for _, words := range order {
		jobs := have[key(words)]
		if len(jobs) < 2 {
			continue
		}
		who := fmt.Sprint(jobs)
		i, ok := at[who]
		if !ok {
			i = len(out)
			at[who] = i
			out = append(out, shared{jobs: jobs})
		}
		out[i].texts = append(out[i].texts, words)
	}
	slices.SortStableFunc(out, func(a, b shared) int { return len(b.jobs) - len(a.jobs) })
	return out
}
