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
	"fmt"
	"strconv"
	"strings"

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

// document is an effect in sections of groups of items, the most important first.
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
	groups []group
}

// group lists the items of a set or a job.
type group struct {
	name  effects.Words
	items []item
}

// item is one change and its place.
type item struct {
	text effects.Words
	at   effects.Place
}

func (s *section) count() int {
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

// newDocument sorts an effect into sections by importance.
func newDocument(c Change) *document {
	e := c.Effect
	d := &document{title: c.Title()}
	gone, stopped := destinations(e, effects.Gone), destinations(e, effects.Stopped)
	source, same := sources(e)
	gained, lost := access(e)
	all := []section{broken(e), unknown(e), notGenerated(c.NotGenerated)}
	all = append(all, online(c.Plan)...)
	all = append(all, gone, stopped, source, gained, jobs(e), elsewhere(e),
		destinations(e, effects.New), destinations(e, effects.Started), reruns(e), same, lost, configMap(e))
	for _, s := range all {
		if len(s.groups) > 0 {
			d.sections = append(d.sections, s)
		}
	}
	return d
}

// Title summarises a change in one sentence without a full stop.
func (c Change) Title() string {
	e := c.Effect
	title := strings.Join(changes(e), ", ")
	if title == "" {
		title = "no image is mirrored differently"
		if len(e.Unknown) > 0 {
			title += ", as far as is known"
		}
	}
	var more []string
	if n := len(e.Jobs); n > 0 {
		more = append(more, text.Plural(n, "job")+verb(n, " changes", " change"))
	}
	if n := pushes(e); n > 0 {
		more = append(more, text.Plural(n, "set")+verb(n, " gets a credential", " get a credential"))
	}
	if n := unfilled(e); n > 0 {
		more = append(more, "nothing publishes "+text.Plural(n, "mirrored image")+" any more")
	}
	if len(c.NotGenerated) > 0 {
		more = append(more, "generated files are not what the folders say")
	}
	if s := registries(c.Plan); s != "" && !e.Empty() {
		more = append(more, s)
	}
	if len(more) > 0 {
		title += "; " + strings.Join(more, ", ")
	}
	return title
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// changes counts the changed destinations by kind of change.
func changes(e *effects.Effect) []string {
	refused, sameTag := 0, 0
	for _, b := range e.Broken {
		if !b.Mended {
			refused++
		}
	}
	for _, d := range e.Destinations {
		if d.SameTag {
			sameTag++
		}
	}
	var parts []string
	if refused > 0 {
		parts = append(parts, text.Plural(refused, "file")+verb(refused, " is refused", " are refused"))
	}
	noun := "destination"
	for _, x := range []struct {
		n         int
		one, many string
	}{
		{e.Count(effects.Gone), " is gone", " are gone"},
		{e.Count(effects.Stopped), " is not mirrored any more", " are not mirrored any more"},
		{e.Count(effects.Source) - sameTag, " takes another image", " take another image"},
		{e.Count(effects.New), " is new", " are new"},
		{e.Count(effects.Started), " is mirrored for the first time", " are mirrored for the first time"},
		{e.Count(effects.Runs), " is mirrored by another job or at other times", " are mirrored by another job or at other times"},
		{sameTag, " takes the same image from another registry", " take the same image from another registry"},
	} {
		if x.n == 0 {
			continue
		}
		part := thousands(x.n)
		if noun != "" {
			part += verb(x.n, " "+noun, " "+noun+"s")
			noun = "" // the first part names what is counted
		}
		parts = append(parts, part+verb(x.n, x.one, x.many))
	}
	return parts
}

// unfilled counts the mirrored images that nothing publishes any more.
func unfilled(e *effects.Effect) int {
	n := 0
	for _, c := range e.Elsewhere {
		if c.Kind == effects.Unfilled {
			n += len(c.Items)
		}
	}
	return n
}

// pushes counts the sets that get a credential.
func pushes(e *effects.Effect) int {
	sets := map[string]bool{}
	for _, a := range e.Access {
		if a.Kind == effects.Push && !a.Lost {
			sets[a.Set] = true
		}
	}
	return len(sets)
}

// thousands writes 3480 as 3,480.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func names(set string) effects.Words { return effects.Words{effects.Code(set)} }

// most is the number of names to show in one item.
const most = 8

// list returns the first names and the number of the others.
func list(all []string) effects.Words {
	var w effects.Words
	for i, s := range all {
		if i == most && len(all) > most+1 {
			return append(w, effects.Say(fmt.Sprintf(" and %s more", thousands(len(all)-most))))
		}
		if i > 0 {
			w = append(w, effects.Say(", "))
		}
		w = append(w, effects.Code(s))
	}
	return w
}
