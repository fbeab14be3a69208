package site

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// site is what the pages show.
type site struct {
	Sets    []*set // those with the most and worst findings first
	Strays  []*job // mirroring jobs that belong to no set
	Other   int    // findings outside any set
	Missing string // why nothing is known of what CI promotes, or ""

	tree     *release.Tree
	result   *validate.Result
	byName   map[string]*set
	sources  map[string][]*set // who mirrors an image on, by its canonical name
	written  map[string][]*set // who writes an image
	conflict map[place]source.Severity
	opts     Options
}

// place is a line of a file.
type place struct {
	file string
	line int
}

// set is a set of mappings with all that the pages say of it.
type set struct {
	*release.Set
	Jobs      []*job
	Approvers []string
	Reviewers []string
	Findings  []validate.Finding
	Count     [3]int // of findings, by severity
	Entries   []*entry
	From, To  []string // registries with their namespaces
	Conflicts int      // entries in conflict with others
}

// job is a periodic and what it needs.
type job struct {
	*release.Job
	Secrets []string
}

// entry is one line of a mapping file.
type entry struct {
	Set      *set
	File     *release.MappingFile
	Line     int
	Source   mapping.Reference
	Origin   origin
	Targets  []target
	Conflict page.Tone // Bad when something else writes a destination, too; Warn when that does no harm
}

// Pos is the place of the line.
func (e *entry) Pos() source.Position { return source.Position{File: e.File.Path, Line: e.Line} }

// target is one destination of an entry.
type target struct {
	Name   string
	Onward []*set // who mirrors it on
	ref    mapping.Reference
}

// file is the page of a set, as a file.
func (s *set) file() string { return "sets/" + pageName(s.Name) + ".html" }

// Href is the page of a set, as a link from the site's root.
func (s *set) Href() string { return "sets/" + s.Beside() }

// Beside is the page of a set, as a link from that of another.
func (s *set) Beside() string { return pageName(s.Name) + ".html" }

// conflicts are the rules that tell of two that write one tag.
var conflicts = []string{"duplicate-destination", "destination-promoted", "promotion-conflict"}

func gather(tree *release.Tree, result *validate.Result) *site {
	s := &site{
		tree: tree, result: result, byName: map[string]*set{},
		sources: map[string][]*set{}, written: map[string][]*set{}, conflict: map[place]source.Severity{},
	}
	if tree.Promotions().Configs == 0 {
		s.Missing = "There are no ci-operator configs in this tree: what promotes an image is not known."
	}
	for _, from := range tree.Sets {
		one := &set{Set: from}
		s.Sets = append(s.Sets, one)
		s.byName[from.Name] = one
		one.Approvers, one.Reviewers = s.owners(from.Owners)
		for _, j := range tree.Runs().JobsOf(from) {
			one.Jobs = append(one.Jobs, newJob(j))
		}
	}
	s.findings()
	for _, one := range s.Sets {
		s.read(one)
	}
	for _, one := range s.Sets {
		s.join(one)
	}
	if tree.Jobs != nil {
		for _, j := range tree.Jobs.Jobs {
			if j.Mirrors && tree.Runs().SetOf(j) == nil {
				s.Strays = append(s.Strays, newJob(j))
			}
		}
	}
	slices.SortStableFunc(s.Sets, func(a, b *set) int {
		for i := range a.Count {
			if a.Count[i] != b.Count[i] {
				return b.Count[i] - a.Count[i]
			}
		}
		return 0
	})
	return s
}

func newJob(j *release.Job) *job {
	out := &job{Job: j}
	for _, m := range j.Secrets {
		if !slices.Contains(out.Secrets, m.Secret) {
			out.Secrets = append(out.Secrets, m.Secret)
		}
	}
	return out
}

// owners returns approvers and reviewers, an alias with its members.
func (s *site) owners(o *release.Owners) (approvers, reviewers []string) {
	if o == nil {
		return nil, nil
	}
	names := func(list []release.Owner) []string {
		var out []string
		for _, one := range list {
			name := one.Name
			if s.tree.Aliases != nil {
				if members := s.tree.Aliases.Members[one.Name]; len(members) > 0 {
					name += " (" + strings.Join(members, ", ") + ")"
				}
			}
			out = append(out, name)
		}
		return out
	}
	return names(o.Approvers), names(o.Reviewers)
}

// setAt returns the name of the set that a place is about, "" for none.
func (s *site) setAt(pos source.Position) string {
	if set := s.tree.Runs().SetAt(pos); set != nil {
		return set.Name
	}
	return ""
}

// ownersAt returns the approvers of the set that a place is about.
func (s *site) ownersAt(pos source.Position) []string {
	set := s.tree.Runs().SetAt(pos)
	if set == nil || set.Owners == nil {
		return nil
	}
	var names []string
	for _, a := range set.Owners.Approvers {
		names = append(names, a.Name)
	}
	return names
}

func (s *site) findings() {
	for _, f := range s.result.Findings {
		if one := s.byName[s.setAt(f.Pos)]; one != nil {
			one.Findings = append(one.Findings, f)
			one.Count[f.Severity]++
		} else {
			s.Other++
		}
		if !slices.Contains(conflicts, f.Rule) {
			continue
		}
		s.mark(f.Pos, f.Severity)
		for _, r := range f.Related {
			s.mark(r.Pos, f.Severity)
		}
	}
	for _, one := range s.Sets {
		slices.SortStableFunc(one.Findings, func(a, b validate.Finding) int { return int(a.Severity) - int(b.Severity) })
	}
}

func (s *site) mark(pos source.Position, severity source.Severity) {
	at := place{pos.File, pos.Line}
	if old, ok := s.conflict[at]; !ok || severity < old {
		s.conflict[at] = severity
	}
}

// read takes the entries of a set's files.
func (s *site) read(one *set) {
	from, to := map[string]bool{}, map[string]bool{}
	for _, m := range one.Files {
		for e := range m.Entries() {
			x := &entry{Set: one, File: m, Line: e.Source.Pos.Line, Source: e.Source}
			if severity, ok := s.conflict[place{m.Path, x.Line}]; ok {
				x.Conflict = page.Warn
				if severity == source.Error {
					x.Conflict = page.Bad
					one.Conflicts++
				}
			}
			from[namespaceOf(e.Source)] = true
			key := e.Source.Canonical()
			if !slices.Contains(s.sources[key], one) {
				s.sources[key] = append(s.sources[key], one)
			}
			for p := range e.Pairs() {
				x.Targets = append(x.Targets, target{Name: p.Destination.Exact(), ref: p.Destination})
				to[namespaceOf(p.Destination)] = true
				key := p.Destination.Canonical()
				if !slices.Contains(s.written[key], one) {
					s.written[key] = append(s.written[key], one)
				}
			}
			one.Entries = append(one.Entries, x)
		}
	}
	one.From, one.To = sorted(from), sorted(to)
}

// join finds where the images of a set come from and who mirrors them on.
func (s *site) join(one *set) {
	for _, e := range one.Entries {
		e.Origin = s.origin(e)
		for i := range e.Targets {
			e.Targets[i].Onward = s.sources[e.Targets[i].ref.Canonical()]
		}
	}
}

// Images are all entries by the name of their image.
func (s *site) Images() []*entry {
	var all []*entry
	for _, one := range s.Sets {
		all = append(all, one.Entries...)
	}
	slices.SortStableFunc(all, func(a, b *entry) int { return strings.Compare(a.Source.Exact(), b.Source.Exact()) })
	return all
}

func sorted(names map[string]bool) []string {
	out := make([]string, 0, len(names))
	for n := range names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// lead says in a sentence what a set does.
func (s *set) lead() string {
	switch {
	case len(s.Entries) == 0:
		return "This set mirrors nothing."
	case len(s.Jobs) == 0:
		return "No job mirrors this set."
	case s.Conflicts > 0:
		return fmt.Sprintf("%d of its mappings write what something else writes, too.", s.Conflicts)
	}
	return ""
}
