package mapgen

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Result is what one set's _config.yaml generates.
type Result struct {
	Set    *release.Set
	Config *release.MappingConfig
	// Files are the generated files in order of name.
	Files []File
	// Stale are files that the configuration no longer generates.
	Stale []*release.MappingFile
	// Problems are in addition to the problems of the configuration. With an
	// error in either, no files are generated.
	Problems []source.Problem
}

// File is one generated mapping file.
type File struct {
	Path   string
	Stream release.MappedStream
	Old    []byte // nil if the file does not exist
	New    []byte
}

// Changed reports whether the file in the tree differs.
func (f File) Changed() bool { return !bytes.Equal(f.Old, f.New) }

// Lines compares the current lines of the file with the generated ones. It returns
// the lines to add, the lines to remove, and the number of the first line that
// differs.
func (f File) Lines() (added, removed []string, first int) {
	was, is := split(f.Old), split(f.New)
	for first < len(was) && first < len(is) && was[first] == is[first] {
		first++
	}
	return without(is, was), without(was, is), min(first+1, max(len(was), 1))
}

// Keeps reports whether the generated file contains a line.
func (f File) Keeps(line string) bool { return slices.Contains(split(f.New), line) }

func split(text []byte) []string {
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// without returns the lines that others does not contain.
func without(lines, others []string) []string {
	there := map[string]bool{}
	for _, l := range others {
		there[l] = true
	}
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return there[l] || l == "" })
}

// All generates the mapping files of every set that has a configuration.
func All(tree *release.Tree) []*Result {
	var all []*Result
	f := factsOf(tree)
	for _, set := range tree.Sets {
		if set.Generated != nil {
			all = append(all, generate(tree, f, set, set.Generated))
		}
	}
	return all
}

// Generate generates the mapping files of a set from its own or a changed
// configuration.
func Generate(tree *release.Tree, set *release.Set, config *release.MappingConfig) *Result {
	return generate(tree, factsOf(tree), set, config)
}

func generate(tree *release.Tree, f *facts, set *release.Set, config *release.MappingConfig) *Result {
	g := &generator{tree: tree, known: f, set: set, config: config, out: &Result{Set: set, Config: config}}
	g.facts()
	g.conflicts()
	if hasError(g.out.Problems) || hasError(config.Problems) {
		return g.out
	}
	g.form = g.sourceForm()
	for _, s := range g.config.Streams {
		if !g.stream(s) {
			g.out.Files = nil
			return g.out
		}
	}
	slices.SortStableFunc(g.out.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	g.stale()
	return g.out
}

func hasError(problems []source.Problem) bool {
	return slices.ContainsFunc(problems, func(p source.Problem) bool { return p.Severity == source.Error })
}

type generator struct {
	tree   *release.Tree
	known  *facts
	set    *release.Set
	config *release.MappingConfig
	form   release.SourceForm
	out    *Result
}

func (g *generator) problem(severity source.Severity, pos source.Position, hint, format string, args ...any) {
	g.out.Problems = append(g.out.Problems, source.Problem{Pos: pos, Severity: severity, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// facts reports missing or unreadable promotions: files generated without them
// would lose lines.
func (g *generator) facts() {
	promotions := g.tree.Promotions()
	if promotions.Configs == 0 {
		g.problem(source.Error, source.Position{File: g.config.Path}, "run this in a complete release repository",
			"there are no ci-operator configs in the tree, so promotions are unknown")
	}
	for _, p := range promotions.Problems {
		if p.Hint == "" {
			p.Hint = "fix the file: without it, generated mapping files would lose lines"
		}
		g.out.Problems = append(g.out.Problems, p)
	}
}

// conflicts reports target tags that two streams write.
func (g *generator) conflicts() {
	type writer struct {
		stream string
		pos    source.Position
	}
	first := map[string]writer{}
	found := 0
	for _, s := range g.config.Streams {
		for _, t := range s.Tags {
			if w, ok := first[t.Tag]; !ok {
				first[t.Tag] = writer{s.Name, t.Pos}
			} else if shared := g.shared(w.stream, s.Name); len(shared) > 0 {
				if found++; found > maxConflicts {
					return
				}
				g.problem(source.Error, t.Pos, fmt.Sprintf("remove the tag from one of them; the other is on line %d", w.pos.Line),
					"the streams %s and %s both write the tag %s of %s", w.stream, s.Name, t.Tag, some(shared))
			}
		}
	}
}

// shared returns the repositories that two streams write.
func (g *generator) shared(a, b string) []string {
	in := g.images(b)
	var names []string
	for _, tag := range slices.Sorted(maps.Keys(g.images(a))) {
		if in[tag] {
			names = append(names, g.repository(tag))
		}
	}
	return names
}

func some(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:2], ", ") + fmt.Sprintf(" and %d more", len(names)-2)
}

// stream generates the file of one stream, and reports whether there was room for
// it.
func (g *generator) stream(s release.MappedStream) bool {
	images := g.images(s.Name)
	if g.known.references += len(images) * (1 + len(s.Tags)); g.known.references > maxReferences {
		g.problem(source.Error, s.Pos, "remove streams or tags that nobody needs", "the generated mapping files would have more than %d references", maxReferences)
		return false
	}
	if len(images) == 0 {
		g.problem(source.Warning, s.Pos, "fix the name, remove the stream, or wait until a branch promotes to it",
			"nothing promotes to the stream %s/%s, so no mapping file is generated for it", g.config.SourceNamespace, s.Name)
		return true
	}
	var tags []string
	for _, t := range s.Tags {
		tags = append(tags, t.Tag)
	}
	slices.Sort(tags)
	var lines []string
	for image := range images {
		line := g.source(release.ImageTag{Stream: release.Stream{Namespace: g.config.SourceNamespace, Name: s.Name}, Tag: image})
		for _, tag := range tags {
			line += " " + g.repository(image) + ":" + tag
		}
		lines = append(lines, line+"\n")
	}
	slices.Sort(lines)
	f := File{Path: g.set.Dir + "/" + g.base(s.Name), Stream: s, New: []byte(strings.Join(lines, ""))}
	if old := g.existing(g.base(s.Name)); old != nil {
		f.Old = old.Bytes()
	}
	if i := slices.IndexFunc(g.out.Files, func(o File) bool { return o.Path == f.Path }); i >= 0 {
		g.problem(source.Error, s.Pos, "rename one of the streams", "the streams %s and %s have the same mapping file %s", g.out.Files[i].Stream.Name, s.Name, f.Path)
		return true
	}
	g.out.Files = append(g.out.Files, f)
	return true
}

// images returns the tags of a stream of the source namespace that ci-operator or
// the release controller pushes. It leaves out optional images: they are promoted
// only if something else needs them.
func (g *generator) images(stream string) map[string]bool {
	to := release.Stream{Namespace: g.config.SourceNamespace, Name: stream}
	all := map[string]bool{}
	for _, tag := range g.known.promoted[to] {
		all[tag] = true
	}
	for _, p := range g.known.publications[to] {
		for _, tag := range g.known.promoted[p.From] {
			if p.Takes(tag) {
				all[tag] = true
			}
		}
	}
	return all
}

// base returns the name of a stream's mapping file.
func (g *generator) base(stream string) string {
	return "mapping_" + g.config.SourceNamespace + "_" + strings.ReplaceAll(stream, ".", "_")
}

// repository returns the destination of an image without a tag.
func (g *generator) repository(image string) string {
	return g.config.TargetRegistry + "/" + g.config.TargetNamespace + "/" + g.config.SourceNamespace + "-" + image
}

func (g *generator) existing(base string) *release.MappingFile {
	for _, m := range g.set.Files {
		if m.Base == base {
			return m
		}
	}
	return nil
}
