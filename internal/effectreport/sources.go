package effectreport

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

// sources returns the destinations that get another image, and separately those
// that get the same image under another name.
func sources(e *effects.Effect, each bool) (other, same section) {
	other = section{title: "Take another image", note: "the tags move on the next run of the jobs", sign: "~", tone: page.Warn, open: true}
	lines := byLine(e, func(d effects.Destination) bool { return d.Change == effects.Source && !d.SameTag })
	for _, some := range alike(lines, each) {
		other.counts += len(some.all)
		d := some.all[0]
		words := join(list(targets(some.all)), effects.Words{effects.Say(" from ")}, from(d.After), effects.Words{effects.Say(" instead of ")}, from(d.Before), tags(d))
		if some.lines > 0 {
			words = join(list(targets(some.all)), effects.Words{effects.Say(" from ")}, some.words())
		}
		other.add(names(d.Set), item{text: words, at: d.After[0].Place, lines: some.lines})
	}
	same = section{title: "Take the same image from another registry", note: "the sources are the same image stream tags", sign: "~"}
	together(e, &same, func(d effects.Destination) bool { return d.SameTag }, func(d effects.Destination) effects.Words {
		return effects.Words{effects.Say(" from "), effects.Code(host(d.After[0].Source)), effects.Say(" instead of "), effects.Code(host(d.Before[0].Source))}
	})
	return other, same
}

// together adds one item for all destinations of a set that change in the same
// way.
func together(e *effects.Effect, s *section, wanted func(effects.Destination) bool, how func(effects.Destination) effects.Words) {
	type kind struct{ set, how string }
	var order []kind
	all := map[kind][]effects.Destination{}
	for _, d := range e.Destinations {
		if !wanted(d) {
			continue
		}
		k := kind{d.Set, how(d).String()}
		if len(all[k]) == 0 {
			order = append(order, k)
		}
		all[k] = append(all[k], d)
	}
	for _, k := range order {
		some := all[k]
		s.counts += len(some)
		words := list(targets(some))
		if len(some) > most {
			words = effects.Words{say("%s destinations, such as ", text.Thousands(len(some))), effects.Code(some[0].Name), effects.Say(",")}
		}
		s.add(names(k.set), item{text: join(words, how(some[0])), at: some[0].After[0].Place, lines: len(places(some)) - 1})
	}
}

// host returns the registry of a reference, with the repository if that one holds
// all images.
func host(ref string) string {
	name, _, _ := strings.Cut(ref, "/")
	if i := strings.LastIndexByte(ref, ':'); strings.Contains(ref, "/openshift/ci:") && i > 0 {
		return ref[:i]
	}
	return name
}

// reruns returns the destinations that another job mirrors. Destinations of a job
// with another schedule are counted with the job.
func reruns(e *effects.Effect) section {
	s := section{title: "Mirrored by another job", note: "the images do not change", sign: "~"}
	other := func(d effects.Destination) bool { return d.Change == effects.Runs && !sameJobs(d) }
	together(e, &s, other, func(d effects.Destination) effects.Words {
		return join(effects.Words{effects.Say(" by ")}, runs(d.After), effects.Words{effects.Say(" instead of ")}, runs(d.Before))
	})
	return s
}

// sameJobs reports whether the jobs have the same names as before.
func sameJobs(d effects.Destination) bool {
	return slices.Equal(jobNames(d.Before), jobNames(d.After))
}

// rescheduled counts the destinations of each job that have another schedule.
func rescheduled(e *effects.Effect) map[string]int {
	n := map[string]int{}
	for _, d := range e.Destinations {
		if d.Change == effects.Runs && sameJobs(d) {
			for _, job := range jobNames(d.After) {
				n[job]++
			}
		}
	}
	return n
}
