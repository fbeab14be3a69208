package effectreport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

func say(format string, args ...any) effects.Part { return effects.Say(fmt.Sprintf(format, args...)) }

func join(all ...effects.Words) effects.Words { return slices.Concat(all...) }

func broken(e *effects.Effect) section {
	s := section{title: "Refused files", note: "none of their images is mirrored until they are fixed", sign: "!", tone: page.Bad, open: true}
	for _, b := range e.Broken {
		words := effects.Words{effects.Code(b.Message), say("; this stops %s", text.Plural(b.Destinations, "other destination"))}
		if b.Mended {
			words = effects.Words{say("is no longer refused: %s", text.Plural(b.Destinations, "destination"))}
		}
		s.add(names(b.Set), item{text: words, at: b.Place})
	}
	return s
}

func unknown(e *effects.Effect) section {
	s := section{title: "Not known", note: "could not be compared", sign: "?", tone: page.Warn, open: true}
	for _, u := range e.Unknown {
		s.add(nil, item{text: effects.Words{effects.Code(u.What), effects.Say(": "), effects.Code(u.Why)}, at: u.Place})
	}
	return s
}

func notGenerated(notes []Note) section {
	s := section{title: "Not generated", note: "settings have no effect until the files are generated", sign: "!", tone: page.Warn, open: true}
	advice := effects.Words{effects.Say("run "), effects.Code("mirror-jobgen generate"), effects.Say(" and commit the result")}
	for _, n := range notes {
		s.add(advice, item{text: n.Text, at: n.Place})
	}
	return s
}

// destinations returns a section with one kind of change: one item for each line
// of a file.
func destinations(e *effects.Effect, change effects.Change) section {
	s := map[effects.Change]section{
		effects.Gone:    {title: "Gone", note: "no mapping writes them any more; the tags stay unchanged", sign: "-", tone: page.Bad, open: true},
		effects.Stopped: {title: "Not mirrored any more", note: "still mapped, but no job mirrors them", sign: "-", tone: page.Bad, open: true},
		effects.New:     {title: "New", note: "no mapping wrote them before", sign: "+", tone: page.Good},
		effects.Started: {title: "Mirrored for the first time", note: "already mapped, but no job mirrored them", sign: "+", tone: page.Good},
	}[change]
	for _, line := range byLine(e, func(d effects.Destination) bool { return d.Change == change }) {
		s.counts += len(line)
		d := line[0]
		writers := d.After
		verb := " from "
		if change == effects.Gone {
			writers, verb = d.Before, " came from "
		}
		words := join(list(targets(line)), effects.Words{effects.Say(verb)}, from(writers), tags(d))
		switch {
		case change == effects.New && d.Idle():
			words = append(words, effects.Say("; no job mirrors it"))
		case change == effects.Stopped:
			words = join(words, effects.Words{effects.Say("; was mirrored by ")}, list(jobNames(d.Before)))
		case change == effects.Started:
			words = join(words, effects.Words{effects.Say("; by ")}, list(jobNames(d.After)))
		}
		s.add(heading(d, change), item{text: words, at: writers[0].Place})
	}
	return s
}

// heading names the set, and for new destinations their jobs.
func heading(d effects.Destination, change effects.Change) effects.Words {
	if change != effects.New || len(d.After[0].Jobs) == 0 {
		return names(d.Set)
	}
	return join(names(d.Set), effects.Words{effects.Say(": ")}, runs(d.After))
}

// runs lists the jobs of some lines with their schedules.
func runs(all []effects.Writer) effects.Words {
	var w effects.Words
	seen := map[effects.Run]bool{}
	for _, one := range all {
		for _, r := range one.Jobs {
			if seen[r] {
				continue
			}
			seen[r] = true
			if len(w) > 0 {
				w = append(w, effects.Say(" and "))
			}
			w = join(w, effects.Words{effects.Code(r.Job), effects.Say(" ")}, effects.Schedule(r.Schedule))
		}
	}
	if len(w) == 0 {
		return effects.Words{effects.Say("no job")}
	}
	return w
}

func jobNames(all []effects.Writer) []string {
	var out []string
	for _, one := range all {
		for _, r := range one.Jobs {
			if !slices.Contains(out, r.Job) {
				out = append(out, r.Job)
			}
		}
	}
	return out
}

// byLine groups destinations by line.
func byLine(e *effects.Effect, wanted func(effects.Destination) bool) [][]effects.Destination {
	var out [][]effects.Destination
	key := func(d effects.Destination) string {
		if len(d.Before) > 1 || len(d.After) > 1 || len(d.Tags) > 0 {
			return d.Name
		}
		return fmt.Sprint(d.Set, d.Before, d.After)
	}
	at := map[string]int{}
	for _, d := range e.Destinations {
		if !wanted(d) {
			continue
		}
		k := key(d)
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], d)
	}
	return out
}

func targets(line []effects.Destination) []string {
	var out []string
	for _, d := range line {
		out = append(out, d.Name)
	}
	return out
}

// from lists the images that writers copy.
func from(all []effects.Writer) effects.Words {
	var images []string
	for _, w := range all {
		s := w.Source
		if !slices.Contains(images, s) {
			images = append(images, s)
		}
	}
	w := list(images)
	if len(images) > 1 {
		w = append(w, say(" (%d lines write it; the last one to run wins)", len(all)))
	} else if all[0].Pattern != "" {
		w = append(w, effects.Say(", if it exists, by the pattern "), effects.Code(all[0].Pattern))
	}
	return w
}

// tags lists the tags that a pattern matches.
func tags(d effects.Destination) effects.Words {
	if !strings.Contains(d.Name, "*") {
		return nil
	}
	if len(d.Tags) == 0 {
		return effects.Words{effects.Say("; this repository does not show which tags it matches")}
	}
	w := join(effects.Words{say("; currently matches %s: ", text.Plural(len(d.Tags), "tag"))}, list(d.Tags))
	if !d.Complete {
		w = append(w, effects.Say(", possibly more"))
	}
	return w
}

// access returns the access that sets gain, and the access that they lose.
func access(e *effects.Effect) (gained, lost section) {
	gained = section{title: "Access", note: "organisations, namespaces and credentials that sets use for the first time", sign: "!", tone: page.Warn, open: true}
	lost = section{title: "Access that ends", note: "organisations, namespaces and credentials that sets no longer use", sign: "-"}
	for _, a := range e.Access {
		s := &gained
		if a.Lost {
			s = &lost
		}
		s.add(names(a.Set), item{text: a.Text(), at: a.Place})
	}
	return gained, lost
}

func elsewhere(e *effects.Effect) section {
	s := section{title: "Elsewhere", note: "effects on other lines and images", sign: "!", tone: page.Warn}
	for _, c := range e.Elsewhere {
		if c.Kind == effects.Unpublished {
			s.unpublished(c)
			continue
		}
		for _, i := range c.Items {
			s.add(names(c.Set), item{text: i.Text, at: i.Place})
		}
	}
	return s
}

// unpublished adds images that are no longer mirrored anywhere. They are the
// sources of destinations listed above, so only those that are still promoted get
// an item of their own.
func (s *section) unpublished(c effects.Consequence) {
	var rest []string
	for _, i := range c.Items {
		if i.Promoted == "" {
			rest = append(rest, i.Image)
			continue
		}
		s.add(names(c.Set), item{text: effects.Words{effects.Code(i.Promoted), effects.Say(" promotes "), effects.Code(i.Image), effects.Say(", which is no longer mirrored anywhere")}, at: i.Place})
	}
	if n := len(rest); n > 0 {
		words := join(effects.Words{say("%s%s no longer mirrored anywhere: ", text.Plural(n, "image"), verb(n, " is", " are"))}, list(rest))
		s.add(names(c.Set), item{text: words})
	}
}

func configMap(e *effects.Effect) section {
	s := section{title: "ConfigMap", sign: "~"}
	m := e.ConfigMap
	if m == nil || !m.Keys() && e.Empty() {
		return s
	}
	if m.Over() {
		s.tone, s.open = page.Bad, true
	}
	words := effects.Words{say("%s bytes, %s before: %d %% of the limit", text.Thousands(m.After), text.Thousands(m.Before), m.After*100/max(m.Limit, 1))}
	s.add(names(m.Name), item{text: words})
	if len(m.Added) > 0 {
		s.add(names(m.Name), item{text: join(effects.Words{say("adds %s: ", text.Plural(len(m.Added), "key"))}, list(m.Added))})
	}
	if len(m.Gone) > 0 {
		s.add(names(m.Name), item{text: join(effects.Words{say("removes %s: ", text.Plural(len(m.Gone), "key"))}, list(m.Gone))})
	}
	return s
}
