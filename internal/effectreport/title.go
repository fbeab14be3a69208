package effectreport

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

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
	more = append(more, jobChanges(e)...)
	if n := pushes(e); n > 0 {
		more = append(more, text.Plural(n, "set")+verb(n, " gets a credential", " get a credential"))
	}
	if n := unfilled(e); n > 0 {
		more = append(more, "nothing publishes "+text.Plural(n, "mirrored image")+" any more")
	}
	if len(c.NotGenerated) > 0 {
		more = append(more, "generated files are stale")
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
		part := text.Thousands(x.n)
		if noun != "" {
			part += verb(x.n, " "+noun, " "+noun+"s")
			noun = "" // the first part names what is counted
		}
		parts = append(parts, part+verb(x.n, x.one, x.many))
	}
	return parts
}

// jobChanges counts the jobs by kind of change.
func jobChanges(e *effects.Effect) []string {
	var parts []string
	for _, x := range []struct {
		change    effects.JobChange
		one, many string
	}{
		{effects.JobAdded, " is added", " are added"},
		{effects.JobChanged, " changes", " change"},
		{effects.JobRemoved, " is removed", " are removed"},
	} {
		n := 0
		for _, j := range e.Jobs {
			if j.Change == x.change {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, text.Thousands(n)+verb(n, " job", " jobs")+verb(n, x.one, x.many))
		}
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
