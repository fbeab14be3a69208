package site

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// site holds the data of all pages.
type site struct {
	Sets    []*set // those with the most and worst findings first
	Strays  []*job // mirroring jobs that belong to no set
	Other   int    // findings outside any set
	Missing string // why promotions are unknown, or ""

	tree     *release.Tree
	result   *validate.Result
	routes   *routes.Index
	byName   map[string]*set
	conflict map[source.Position]source.Severity // by line, without a column
}

// set is a set with its data for the pages.
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

// job is a periodic with its secrets.
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
	Conflict page.Tone // Bad if something else also writes a destination; Warn if that is harmless
}

// Pos returns the position of the line.
func (e *entry) Pos() source.Position { return source.Position{File: e.File.Path, Line: e.Line} }

// target is one destination of an entry.
type target struct {
	Name   string
	Onward []*set // sets that read it
	ref    mapping.Reference
}

// file returns the path of a set's page.
func (s *set) file() string { return "sets/" + pageName(s.Name) + ".html" }

// Href returns the link to a set's page from the root of the site.
func (s *set) Href() string { return "sets/" + s.Beside() }

// Beside returns the link to a set's page from the page of another set.
func (s *set) Beside() string { return pageName(s.Name) + ".html" }

// conflicts are the rules about a tag with two writers.
var conflicts = []string{"duplicate-destination", "destination-promoted", "promotion-conflict"}

func gather(tree *release.Tree, result *validate.Result) *site {
	s := &site{
		tree: tree, result: result, routes: routes.New(tree), byName: map[string]*set{},
		conflict: map[source.Position]source.Severity{},
	}
	if tree.Promotions().Configs == 0 {
		s.Missing = "This tree has no ci-operator configs: promotions are unknown."
	}
	for _, from := range tree.Sets {
		one := &set{Set: from}
		s.Sets = append(s.Sets, one)
		s.byName[from.Name] = one
		one.Approvers, one.Reviewers = owners(from.Owners, tree.Aliases)
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
	slices.SortStableFunc(s.Sets, func(a, b *set) int { return slices.Compare(b.Count[:], a.Count[:]) })
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
func owners(o *release.Owners, aliases *release.Aliases) (approvers, reviewers []string) {
	if o == nil {
		return nil, nil
	}
	names := func(list []release.Owner) []string {
		var out []string
		for _, one := range list {
			name := one.Name
			if aliases != nil {
				if members := aliases.Members[one.Name]; len(members) > 0 {
					name += " (" + strings.Join(members, ", ") + ")"
				}
			}
			out = append(out, name)
		}
		return out
	}
	return names(o.Approvers), names(o.Reviewers)
}

// setAt returns the name of the set of a position, or "".
func (s *site) setAt(pos source.Position) string {
	if set := s.tree.Runs().SetAt(pos); set != nil {
		return set.Name
	}
	return ""
}

// ownersAt returns the approvers of the set of a position.
func (s *site) ownersAt(pos source.Position) []string {
	return s.tree.Runs().SetAt(pos).Approvers()
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
	at := source.Position{File: pos.File, Line: pos.Line}
	if old, ok := s.conflict[at]; !ok || severity < old {
		s.conflict[at] = severity
	}
}

// read reads the entries of a set's files.
func (s *site) read(one *set) {
	from, to := map[string]bool{}, map[string]bool{}
	for _, m := range one.Files {
		for e := range m.Entries() {
			x := &entry{Set: one, File: m, Line: e.Source.Pos.Line, Source: e.Source}
			if severity, ok := s.conflict[x.Pos()]; ok {
				x.Conflict = page.Warn
				if severity == source.Error {
					x.Conflict = page.Bad
					one.Conflicts++
				}
			}
			from[namespaceOf(e.Source)] = true
			for p := range e.Pairs() {
				x.Targets = append(x.Targets, target{Name: p.Destination.Exact(), ref: p.Destination})
				to[namespaceOf(p.Destination)] = true
			}
			one.Entries = append(one.Entries, x)
		}
	}
	one.From, one.To = slices.Sorted(maps.Keys(from)), slices.Sorted(maps.Keys(to))
}

// join finds the origins of a set's images and the sets that read its
// destinations.
func (s *site) join(one *set) {
	for _, e := range one.Entries {
		e.Origin = s.origin(e)
		for i := range e.Targets {
			e.Targets[i].Onward = s.setsOf(s.routes.Readers(e.Targets[i].ref))
		}
	}
}

// Images returns all entries sorted by the name of their image.
func (s *site) Images() []*entry {
	var all []*entry
	for _, one := range s.Sets {
		all = append(all, one.Entries...)
	}
	slices.SortStableFunc(all, func(a, b *entry) int { return strings.Compare(a.Source.Exact(), b.Source.Exact()) })
	return all
}

// lead returns a sentence about a set, or "".
func (s *set) lead() string {
	switch {
	case len(s.Entries) == 0:
		return "This set mirrors nothing."
	case len(s.Jobs) == 0:
		return "No job mirrors this set."
	case s.Conflicts > 0:
		return fmt.Sprintf("Something else also writes the destinations of %d mappings.", s.Conflicts)
	}
	return ""
}
