package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

const mappingGeneratedID = "mapping-generated"

func mappingGenerated() Rule {
	const config = `-- core-services/image-mirroring/team/_config.yaml --
source_registry: registry.ci.openshift.org
source_namespace: team
target_registry: quay.io
target_namespace: org
images:
  stream: [latest]
`
	promoted := exampleConfig("openshift/app", "team", "stream", "app") + config
	return Rule{
		ID:    mappingGeneratedID,
		Title: "a generated mapping file that differs from its configuration",
		Why: "In a set with a _config.yaml, mapping files are generated from promotions. A file that was edited by hand, " +
			"or not generated again, misses images or mirrors images that are never updated. " +
			"The next run of the generator then changes lines that nobody intended to change.",
		Fix:      "Run 'mirror-jobgen mappings', with --prune for files that are no longer generated, and commit what it writes.",
		Severity: source.Error,
		Bad: promoted + `-- core-services/image-mirroring/team/mapping_team_stream --
registry.ci.openshift.org/team/stream:app quay.io/org/team-app:stable
`,
		Good: promoted + `-- core-services/image-mirroring/team/mapping_team_stream --
registry.ci.openshift.org/team/stream:app quay.io/org/team-app:latest
`,
		Check: checkMappingGenerated,
	}
}

func checkMappingGenerated(p *Pass) {
	for _, r := range p.generated() {
		// Without promotions, only the configuration itself can be checked.
		for _, problem := range r.Config.Problems {
			p.problem(problem)
		}
		if !p.known(p.noConfigs()) {
			return
		}
		skipBroken(p)
		for _, problem := range r.Problems {
			if i := streamAt(r.Config, problem.Pos); problem.Severity == source.Error || i < 0 {
				p.problem(problem)
			} else if m := misspeltStream(p.tree, r, r.Config.Streams[i].Name); m == nil {
				p.problem(problem).Cause = Cause{ID: "unpromoted " + r.Config.Path, Summary: "nothing promotes to {n} streams of " + r.Config.Path + ", so no mapping files are generated for them"}
			}
		}
		for _, f := range r.Files {
			if f.Changed() {
				outdated(p, r.Config, f)
			}
		}
		for _, m := range r.Stale {
			f := p.Report(source.Position{File: m.Path}, "run 'mirror-jobgen mappings --prune'",
				"%s is no longer generated: no stream of %s produces it", m.Base, r.Config.Path)
			related := Related{Pos: source.Position{File: r.Config.Path}, Message: "what is generated"}
			for _, s := range r.Config.Streams {
				if misspeltStream(p.tree, r, s.Name) == m {
					f.Hint = "correct the name of the stream " + s.Name + ", or " + f.Hint
					related = Related{Pos: s.Pos, Message: "nothing promotes to this stream"}
				}
			}
			if related.Pos.Line == 0 {
				f.Cause = Cause{ID: "stale " + r.Config.Path, Summary: "{n} mapping files are no longer generated: no stream of " + r.Config.Path + " produces them"}
			}
			f.Related = append(f.Related, related)
		}
	}
}

// streamAt returns the index of the stream at a position of a configuration, or
// -1.
func streamAt(config *release.MappingConfig, pos source.Position) int {
	return slices.IndexFunc(config.Streams, func(s release.MappedStream) bool { return s.Pos == pos })
}

// misspeltStream returns the file that a stream without promotions would
// generate if its name had one letter more, less or different. It returns nil
// if there is no such file.
func misspeltStream(tree *release.Tree, r *mapgen.Result, stream string) *release.MappingFile {
	made := func(f mapgen.File) bool { return f.Stream.Name == stream }
	if slices.ContainsFunc(r.Files, made) {
		return nil
	}
	for _, m := range r.Stale {
		for e := range m.Entries() {
			if tag, ok := tree.CITag(e.Source); ok && suggest.Distance(tag.Name, stream) == 1 {
				return m
			}
			break
		}
	}
	return nil
}

// outdated reports one file that differs from the generated one.
func outdated(p *Pass, config *release.MappingConfig, g mapgen.File) {
	const hint = "run 'mirror-jobgen mappings'"
	base := g.Path[strings.LastIndexByte(g.Path, '/')+1:]
	if g.Old == nil {
		p.Report(g.Stream.Pos, hint, "%s does not exist; the stream %s generates it", base, g.Stream.Name)
		return
	}
	added, removed, at := g.Lines()
	f := p.Report(source.Position{File: g.Path, Line: at}, hint, "%s differs from %s: %s", base, config.Path, difference(added, removed))
	f.Cause = Cause{ID: "outdated " + config.Path, Summary: "{n} mapping files differ from " + config.Path}
	f.Related = append(f.Related, Related{Pos: g.Stream.Pos, Message: "the stream that generates the file"})
	for _, l := range added {
		f.Parts = append(f.Parts, base+" has no line "+l)
	}
	for _, l := range removed {
		f.Parts = append(f.Parts, base+" has the line "+l)
	}
}

// difference describes the missing lines of a file, the additional ones, and
// those with other destinations.
func difference(added, removed []string) string {
	images := func(lines []string) []string {
		var names []string
		for _, l := range lines {
			image, _, _ := strings.Cut(l, " ")
			names = append(names, image)
		}
		return names
	}
	missing, surplus := images(added), images(removed)
	var changed []string
	for _, name := range missing {
		if slices.Contains(surplus, name) {
			changed = append(changed, name)
		}
	}
	in := func(name string) bool { return slices.Contains(changed, name) }
	var parts []string
	for _, x := range []struct {
		names []string
		what  string
	}{
		{slices.DeleteFunc(missing, in), "%s missing: %s"},
		{slices.DeleteFunc(surplus, in), "%s extra: %s"},
		{changed, "%s with other destinations: %s"},
	} {
		if len(x.names) > 0 {
			parts = append(parts, fmt.Sprintf(x.what, text.Plural(len(x.names), "line"), some(x.names, 3)))
		}
	}
	if len(parts) == 0 {
		return "the lines are in another order"
	}
	return strings.Join(parts, "; ")
}

// generated returns the files that each set's _config.yaml generates.
func (f *facts) generated() []*mapgen.Result {
	if f.made == nil {
		f.made = append([]*mapgen.Result{}, mapgen.All(f.tree)...)
	}
	return f.made
}

// makes reports whether a configuration generates a file, which has to keep its name.
func (f *facts) makes(m *release.MappingFile) bool {
	return m.Set.Generated != nil && slices.ContainsFunc(f.generated(), func(r *mapgen.Result) bool {
		return slices.ContainsFunc(r.Files, func(g mapgen.File) bool { return g.Path == m.Path })
	})
}

// outdatedLine reports whether mapping-generated already reports that a line of
// a generated file must be removed.
func (f *facts) outdatedLine(m *release.MappingFile, line int) bool {
	if m.Set.Generated == nil || !f.running[mappingGeneratedID] {
		return false
	}
	if _, wanted := f.tree.Settings.SeverityOf(mappingGeneratedID, m.Path, source.Error); !wanted {
		return false
	}
	for _, r := range f.generated() {
		for _, g := range r.Files {
			if g.Path == m.Path {
				return !g.Keeps(m.Lines[line-1].Text)
			}
		}
		if slices.Contains(r.Stale, m) {
			return true
		}
	}
	return false
}
