package mirror

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Plan lists the copies of a run, grouped by source so that each source is read
// once.
type Plan struct {
	// Groups in the order in which their sources are first named.
	Groups []Group
	// Notes are findings without consequences, such as a copy that is written
	// twice.
	Notes []source.Problem
}

// Group is one source reference, perhaps a wildcard, and its destinations.
type Group struct {
	Source  mapping.Reference
	Targets []Target
}

// Target is one copy of a group. Its destination has a tag (a pattern if the
// source is a wildcard), unless a digest is pushed without a tag.
type Target struct {
	Source      mapping.Reference // as written for this copy
	Destination mapping.Reference
	order       int // among all targets, in the order of the files
}

func (t Target) pair() mapping.Pair {
	return mapping.Pair{Source: t.Source, Destination: t.Destination}
}

// PlanOptions control how strictly a plan is made.
type PlanOptions struct {
	// AllowOverlap allows two sources for one destination: the last one is
	// used, the others are left out with a note.
	AllowOverlap bool
	// Backup is that of the run, to find names that are also destinations.
	Backup *mapping.Backup
}

// PlanError lists everything that keeps a plan from being made.
type PlanError struct {
	Problems []source.Problem
	Causes   []Cause // of the problems, in the same order
}

func (e *PlanError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.Error())
	}
	return b.String()
}

// NewPlan makes one plan from several files. It returns a [*PlanError] if a
// file has errors, if one destination has two sources (in one file or in two),
// or if a reference is of a kind that is not mirrored. It sends no request.
func NewPlan(files []*mapping.File, opts PlanOptions) (*Plan, error) {
	b := planBuilder{opts: opts, plan: &Plan{}, group: map[string]int{}, taken: map[string]mapping.Pair{}}
	for _, f := range files {
		for _, p := range f.Problems {
			if p.Severity == source.Error {
				b.refuse(CauseOther, p)
			} else {
				b.plan.Notes = append(b.plan.Notes, p)
			}
		}
	}
	n := 0
	for _, f := range files {
		for range f.Pairs() {
			n++
		}
	}
	pairs := make([]mapping.Pair, 0, n)
	for _, f := range files {
		for pair := range f.Pairs() {
			if b.usable(pair) {
				pairs = append(pairs, pair)
			}
		}
	}
	pairs = b.single(pairs)
	b.check(pairs)
	b.circles(pairs)
	for _, pair := range pairs {
		b.add(pair)
	}
	if len(b.problems) > 0 {
		return nil, &PlanError{b.problems, b.causes}
	}
	return b.plan, nil
}

type planBuilder struct {
	opts     PlanOptions
	plan     *Plan
	group    map[string]int          // by canonical source
	taken    map[string]mapping.Pair // by canonical destination
	added    int                     // targets
	problems []source.Problem
	causes   []Cause
}

func (b *planBuilder) usable(p mapping.Pair) bool {
	for _, r := range []mapping.Reference{p.Source, p.Destination} {
		switch {
		case r.Scheme != "":
			b.refuse(CauseUnsupported, source.Problem{
				Pos: r.Pos, Message: fmt.Sprintf("%s: only registries are supported, not %s://", mapping.WithoutUser(r.Text), r.Scheme),
				Hint: "use a registry on both sides; skopeo and oras copy to and from folders",
			})
			return false
		case r.Repository == "":
			b.refusef(CauseOther, r.Pos, "%s names a registry but no repository", r.Text)
			return false
		}
	}
	if p.Source.Canonical() == p.Destination.Canonical() {
		b.refusef(CauseOther, p.Destination.Pos, "%s is both source and destination", p.Destination.Text)
		return false
	}
	return true
}

func (b *planBuilder) refuse(cause Cause, p source.Problem) {
	b.problems, b.causes = append(b.problems, p), append(b.causes, cause)
}

func (b *planBuilder) refusef(cause Cause, pos source.Position, format string, args ...any) {
	b.refuse(cause, source.Problem{Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// single keeps one pair for each destination: duplicate copies become one, and
// two sources for one destination are refused or, if that is allowed, the last
// one is used.
func (b *planBuilder) single(pairs []mapping.Pair) []mapping.Pair {
	last := make([]int, 0, len(pairs))
	at := map[string]int{}
	var again []*repeated
	between := map[[2]string]*repeated{} // by the two files
	for i, p := range pairs {
		key := destinationKey(p)
		j, ok := at[key]
		if !ok {
			at[key] = len(last)
			last = append(last, i)
			continue
		}
		first := pairs[last[j]]
		switch {
		case sourceKey(p.Source) == sourceKey(first.Source):
			files := [2]string{p.Destination.Pos.File, first.Destination.Pos.File}
			if between[files] == nil {
				between[files] = &repeated{pair: p, first: first.Destination.Pos}
				again = append(again, between[files])
			}
			between[files].n++
		case p.Source.Wildcard() || first.Source.Wildcard():
			last = append(last, i) // the tags are not known yet
		case b.opts.AllowOverlap:
			b.note(first, "%s is written from %s at %s; the later one wins", first.Destination.Text, p.Source.Text, p.Destination.Pos)
			last[j] = i
		default:
			b.refusef(CauseOverlap, p.Destination.Pos, "%s is written from %s here and from %s at %s", p.Destination.Canonical(), p.Source.Text, first.Source.Text, first.Destination.Pos)
		}
	}
	for _, r := range again {
		text := fmt.Sprintf("the same copy is also at %s", r.first)
		if r.n > 1 {
			text += fmt.Sprintf(", as are %d others of these files", r.n-1)
		}
		b.note(r.pair, "%s", text)
	}
	out := make([]mapping.Pair, len(last))
	for i, k := range last {
		out[i] = pairs[k]
	}
	return out
}

// repeated are copies that two files have in common (or one file has twice).
// They get one note.
type repeated struct {
	pair  mapping.Pair // the first of them, in the later file
	first source.Position
	n     int
}

func (b *planBuilder) note(p mapping.Pair, format string, args ...any) {
	b.plan.Notes = append(b.plan.Notes, source.Problem{
		Pos: p.Destination.Pos, Severity: source.Warning, Message: fmt.Sprintf(format, args...),
	})
}

// destinationKey identifies destinations; different digests that are pushed to
// one repository without a tag have different keys.
func destinationKey(p mapping.Pair) string {
	if p.Destination.Tag == "" {
		return p.Destination.CanonicalRepository() + "@" + p.Source.Digest
	}
	return p.Destination.CanonicalRepository() + ":" + p.Destination.Tag
}

// sourceKey identifies sources, by digest if there is one, because the tag does
// not matter then.
func sourceKey(r mapping.Reference) string {
	if r.Digest != "" {
		return r.CanonicalRepository() + "@" + r.Digest
	}
	return r.CanonicalRepository() + ":" + r.Tag
}

func (b *planBuilder) add(p mapping.Pair) {
	key := sourceKey(p.Source)
	i, ok := b.group[key]
	if !ok {
		i = len(b.plan.Groups)
		b.group[key] = i
		b.plan.Groups = append(b.plan.Groups, Group{Source: p.Source})
	}
	g := &b.plan.Groups[i]
	g.Targets = append(g.Targets, Target{Source: p.Source, Destination: p.Destination, order: b.added})
	b.added++
}

// Shard returns part i of n (from 0) of a plan. Groups are assigned by the
// repository of their source, so that images with common layers stay together
// and the parts are the same in every run.
func (p *Plan) Shard(i, n int) *Plan {
	out := &Plan{Notes: p.Notes}
	for _, g := range p.Groups {
		h := fnv.New32a()
		h.Write([]byte(g.Source.CanonicalRepository()))
		if int(h.Sum32()%uint32(n)) == i { // #nosec G115 -- n is the number of shards, checked by the caller
			out.Groups = append(out.Groups, g)
		}
	}
	return out
}
