// Package effectreport renders the effects of a change that pkg/effects finds:
// for a terminal, as a comment on a pull request, as an HTML page and as JSON.
//
// The package promises:
//
//   - text from the trees stays text in every format: it never becomes markup, a
//     mention of a person or a bot command, and never begins a line;
//   - a comment is shorter than GitHub's limit, with the most important first;
//   - the same effect gives the same bytes.
package effectreport

import (
	"cmp"
	"fmt"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Change is an effect with the revisions that were compared and, with --online,
// the plan for the registries.
type Change struct {
	*effects.Effect
	From, To string // git revisions; To is "" for the working tree
	Plan     *mirror.Report
	// NotGenerated is what mirror-jobgen generate would change in the second tree
	// only. The effect is that of the files as they are.
	NotGenerated []Note
}

// Note is a remark on a file of the second tree.
type Note struct {
	effects.Place
	Text effects.Words `json:"text"`
}

// document is an effect as sections with groups of items, the most important
// first.
type document struct {
	title    string
	sections []section
}

// section is one kind of change.
type section struct {
	title  string
	note   string // explains the title
	sign   string // before each item, on a terminal
	tone   page.Tone
	open   bool // expanded where sections can be collapsed
	counts int  // what the section counts, if not its items
	groups []group
}

// openUpTo is the number of items up to which a section with a tone is expanded.
const openUpTo = 10

// group lists the items of a set or a job.
type group struct {
	name  effects.Words
	items []item
}

// item is one change and its place.
type item struct {
	text  effects.Words
	at    effects.Place
	lines int // how many other lines have the same change
}

// count returns the number in the title of the section, which is the number that
// the title of the document has for it.
func (s *section) count() int { return cmp.Or(s.counts, s.items()) }

func (s *section) items() int {
	n := 0
	for _, g := range s.groups {
		n += len(g.items)
	}
	return n
}

// add puts an item into the last group if that has the name, else into a new one.
func (s *section) add(name effects.Words, it item) {
	if n := len(s.groups); n == 0 || s.groups[n-1].name.String() != name.String() {
		s.groups = append(s.groups, group{name: name})
	}
	g := &s.groups[len(s.groups)-1]
	g.items = append(g.items, it)
}

// newDocument sorts an effect into sections by importance. With each, every line
// is an item of its own, also where many move in the same way.
func newDocument(c Change, each bool) *document {
	e := c.Effect
	d := &document{title: c.Title()}
	gone, stopped := destinations(e, effects.Gone), destinations(e, effects.Stopped)
	source, same := sources(e, each)
	gained, lost := access(e)
	all := []section{broken(e), unknown(e), notGenerated(c.NotGenerated)}
	all = append(all, online(c.Plan)...)
	all = append(all, gone, stopped, source, gained, jobs(e), elsewhere(e),
		destinations(e, effects.New), destinations(e, effects.Started), reruns(e), same, lost, configMap(e))
	for _, s := range all {
		if len(s.groups) > 0 {
			s.open = s.open || s.tone != page.Plain && s.items() <= openUpTo
			d.sections = append(d.sections, s)
		}
	}
	return d
}

func names(set string) effects.Words { return effects.Words{effects.Code(set)} }

// most is the number of names to show in one item.
const most = 8

// list returns the first names and the number of the others.
func list(all []string) effects.Words {
	var w effects.Words
	for i, s := range all {
		if i == most && len(all) > most+1 {
			return append(w, effects.Say(fmt.Sprintf(" and %s more", text.Thousands(len(all)-most))))
		}
		if i > 0 {
			w = append(w, effects.Say(", "))
		}
		w = append(w, effects.Code(s))
	}
	return w
}
