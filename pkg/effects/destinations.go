package effects

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

// Change is how a destination changes.
type Change string

// The changes, the most serious one first.
const (
	Gone    Change = "gone"    // no mapping writes it any more; the tag stays unchanged
	Stopped Change = "stopped" // still mapped, but no job mirrors it any more
	Source  Change = "source"  // it gets another image
	New     Change = "new"     // no mapping wrote it before
	Started Change = "started" // mapped as before, and now a job mirrors it
	Runs    Change = "job"     // the same image, from another job or at other times
)

// Changes lists all changes.
func Changes() []Change { return []Change{Gone, Stopped, Source, New, Started, Runs} }

// Destination is a tag, or a pattern of tags, for which something changes.
type Destination struct {
	// Name is the reference with its tag; "*" is a wildcard.
	Name   string   `json:"destination"`
	Change Change   `json:"change"`
	Set    string   `json:"set"`
	Before []Writer `json:"before,omitempty"`
	After  []Writer `json:"after,omitempty"`
	// SameTag reports whether both sources are one tag of an image stream, read
	// from another registry.
	SameTag bool `json:"sameTag,omitempty"`
	// Tags are the tags that a pattern matches in the tree. Complete reports
	// whether nothing in the tree can add others.
	Tags     []string `json:"tags,omitempty"`
	Complete bool     `json:"tagsComplete,omitempty"`

	ref mapping.Reference
}

// Writer is a line that writes a destination.
type Writer struct {
	Place
	Set    string `json:"set"`
	Source string `json:"source"`
	// Pattern is the source as written, where it is a wildcard.
	Pattern string `json:"pattern,omitempty"`
	Jobs    []Run  `json:"jobs,omitempty"`
	// JobsKnown reports whether Jobs are all that mirror the line.
	JobsKnown bool `json:"jobsKnown"`

	source   mapping.Reference // with the tag that is copied, where the destination names one
	stripped string            // what the jobs leave out of the tags of a wildcard source
}

// Run is a job with its schedule as written.
type Run struct {
	Job      string `json:"job"`
	Schedule string `json:"schedule"`
}

// destinations compares the writers of each destination. A tag that a pattern
// matches counts as written: replacing a line with a pattern, or the reverse, is
// not a change.
func (c *comparison) destinations() {
	seen := map[string]bool{}
	for _, x := range []side{c.after, c.before} {
		for _, r := range x.All {
			key := routes.Key(r.Destination)
			if seen[key] {
				continue
			}
			seen[key] = true
			if d, ok := c.destination(r.Destination); ok {
				c.effect.Destinations = append(c.effect.Destinations, d)
			}
		}
	}
	slices.SortStableFunc(c.effect.Destinations, func(a, b Destination) int {
		x, y := a.first(), b.first()
		return cmp.Or(strings.Compare(a.Set, b.Set), strings.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line))
	})
}

// lines returns the lines to report a destination with.
func (d *Destination) lines() []Writer {
	if len(d.After) > 0 {
		return d.After
	}
	return d.Before
}

func (d *Destination) first() *Writer { return &d.lines()[0] }

// Idle reports whether a destination is mapped and certainly no job mirrors it.
func (d *Destination) Idle() bool { return len(d.After) > 0 && idle(d.After) }

func (c *comparison) destination(r mapping.Reference) (Destination, bool) {
	old, now := c.before.lines(r), c.after.lines(r)
	if slices.EqualFunc(old, now, sameRoute) { // the common case, and cheap
		return Destination{}, false
	}
	before, after := writers(old, r), writers(now, r)
	d := Destination{Name: name(r), Before: before, After: after, ref: r}
	switch {
	case len(before) == 0:
		d.Change = New
	case len(after) == 0:
		d.Change = Gone
	case !slices.Equal(sources(before), sources(after)):
		d.Change = Source
		d.SameTag = c.sameTag(before, after)
	default:
		d.Change = rerun(before, after)
	}
	unread := func(w Writer) bool { return c.unreadable(w.File) }
	if d.Change == "" || slices.ContainsFunc(before, unread) || slices.ContainsFunc(after, unread) {
		return d, false
	}
	d.Set = d.first().Set
	if r.Wildcard() {
		c.stands(&d, r)
	}
	return d, true
}

// name returns a destination as written, with the tag that it inherits.
func name(r mapping.Reference) string {
	if r.Scheme == "" && r.Tag == "" && r.Digest == "" {
		r.Tag = "*"
	}
	return written(r)
}

// written returns a reference as written, with the registry that a reference
// without one means.
func written(r mapping.Reference) string {
	if r.Scheme == "" && r.Registry == "" {
		return r.Canonical()
	}
	return r.Exact()
}

// lines returns the routes that write a destination: for a pattern those with the
// same pattern, for a tag those of patterns that cover it too.
func (x *side) lines(r mapping.Reference) []*routes.Route {
	all := x.Writers(r)
	if !r.Wildcard() {
		return all
	}
	return slices.DeleteFunc(all, func(o *routes.Route) bool { return routes.Key(o.Destination) != routes.Key(r) })
}

// sameRoute reports whether two routes copy the same image with the same jobs.
func sameRoute(a, b *routes.Route) bool {
	sameJob := func(a, b *release.Job) bool { return a.Name == b.Name && a.Schedule == b.Schedule }
	return routes.Key(a.Source) == routes.Key(b.Source) && a.Sure == b.Sure && slices.EqualFunc(a.Jobs, b.Jobs, sameJob)
}

// writers converts routes to the lines that write a destination.
func writers(lines []*routes.Route, r mapping.Reference) []Writer {
	var all []Writer
	for _, o := range lines {
		w := Writer{Place: Place{o.Pos().File, o.Pos().Line}, Set: o.Set.Name, JobsKnown: o.Sure, stripped: o.Stripped}
		from := o.Source
		if o.Source.Wildcard() && !r.Wildcard() {
			w.Pattern = o.Source.Text
			from.Tag = o.Stripped + r.Tag
		}
		w.Source, w.source = written(from), from
		for _, j := range o.Jobs {
			w.Jobs = append(w.Jobs, Run{j.Name, j.Schedule})
		}
		all = append(all, w)
	}
	return all
}

// sources returns the sorted keys of the images that writers copy.
func sources(all []Writer) []string {
	var keys []string
	for _, w := range all {
		keys = append(keys, routes.Key(w.source))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// sameTag reports whether both sides copy the same image stream tag under
// different names.
func (c *comparison) sameTag(before, after []Writer) bool {
	tag := func(x side, all []Writer) (release.ImageTag, bool) {
		if len(sources(all)) != 1 || all[0].source.Digest != "" {
			return release.ImageTag{}, false
		}
		return x.Tree.CITag(all[0].source)
	}
	old, ok := tag(c.before, before)
	if !ok {
		return false
	}
	now, ok := tag(c.after, after)
	return ok && old == now
}

// rerun returns how the jobs of a destination change. It returns "" if they do
// not change, or if not all of them are known.
func rerun(before, after []Writer) Change {
	unsure := func(w Writer) bool { return !w.JobsKnown }
	if slices.ContainsFunc(before, unsure) || slices.ContainsFunc(after, unsure) {
		return ""
	}
	switch old, now := runs(before), runs(after); {
	case slices.Equal(old, now):
		return ""
	case len(now) == 0:
		return Stopped
	case len(old) == 0:
		return Started
	}
	return Runs
}

func idle(all []Writer) bool {
	return !slices.ContainsFunc(all, func(w Writer) bool { return len(w.Jobs) > 0 || !w.JobsKnown })
}

// runs returns the jobs of all writers, each once, in order.
func runs(all []Writer) []Run {
	var out []Run
	for _, w := range all {
		out = append(out, w.Jobs...)
	}
	slices.SortFunc(out, func(a, b Run) int {
		return cmp.Or(strings.Compare(a.Job, b.Job), strings.Compare(a.Schedule, b.Schedule))
	})
	return slices.Compact(out)
}

// stands fills in the tags that a pattern matches according to the promotions.
func (c *comparison) stands(d *Destination, r mapping.Reference) {
	d.Complete = true
	for _, w := range d.lines() {
		x := c.after
		if d.Change == Gone {
			x = c.before
		}
		tags, complete := x.stands(w.source)
		d.Complete = d.Complete && complete
		for _, tag := range tags {
			d.Tags = append(d.Tags, strings.TrimPrefix(tag, w.stripped))
		}
	}
	slices.Sort(d.Tags)
	d.Tags = slices.Compact(d.Tags)
	if d.Change != New && d.Change != Gone {
		return
	}
	// A tag that the other tree writes from the same image does not change.
	other := c.before
	if d.Change == Gone {
		other = c.after
	}
	d.Tags = slices.DeleteFunc(d.Tags, func(tag string) bool {
		one := r
		one.Tag = tag
		kept := writers(other.lines(one), one)
		own := *d.first()
		own.source.Tag = own.stripped + tag
		return len(kept) > 0 && slices.Contains(sources(kept), routes.Key(own.source))
	})
}

// stands returns the tags that a wildcard source matches, and whether nothing
// can add others.
func (x *side) stands(r mapping.Reference) ([]string, bool) {
	tag, ok := x.Tree.CITag(r)
	if !ok {
		return nil, false
	}
	return x.promotions().Matching(tag.Stream, r)
}
