package jobgen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/overlay"
	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// regenerate generates the files of a tree with some files replaced. Only the
// jobs of the sets in o.Only change. It adds a note for each file that was stale
// before, and leaves the stale parts unchanged.
func regenerate(tree *release.Tree, files []File, o Options) (*Output, error) {
	o.shown = tree
	next := overlay.FS{Base: tree.FS, Files: map[string][]byte{}, Gone: map[string]bool{o.gone: true}}
	for _, f := range files {
		if f.Removed() {
			next.Gone[f.Path] = true
		} else {
			next.Files[f.Path] = f.New
		}
	}
	changed, err := release.Load(next, release.WithLayout(tree.Layout))
	if err != nil {
		return nil, err
	}
	out, err := Generate(changed, o)
	if err != nil {
		return nil, err
	}
	before, err := Generate(tree, Options{})
	if err != nil {
		out.Notes = append(out.Notes, source.Problem{Pos: source.Position{File: tree.Settings.JobsFile}, Severity: source.Warning,
			Message: "the other jobs cannot be generated", Hint: "'mirror-jobgen generate --check' shows why"})
		out.Files = nil
		return out, nil
	}
	if before.Jobs.Changed() && before.Jobs.Old != nil {
		out.Notes = append(out.Notes, stale(before.Jobs.Path))
	}
	out.Files = slices.DeleteFunc(out.Files, func(f File) bool {
		i := slices.IndexFunc(before.Files, func(b File) bool { return b.Path == f.Path })
		if i < 0 || !before.Files[i].Changed() {
			return false
		}
		out.Notes = append(out.Notes, stale(f.Path))
		return true
	})
	return out, nil
}

// stale returns a note that a file was stale before the change.
func stale(file string) source.Problem {
	return source.Problem{Pos: source.Position{File: file}, Severity: source.Warning,
		Message: "the file was already stale; the parts outside this change were left unchanged",
		Hint:    "'mirror-jobgen generate --check' shows the difference, 'mirror-jobgen generate' updates the file"}
}

// setNamed finds a set. Its error suggests a similar name.
func setNamed(tree *release.Tree, name string) (*release.Set, error) {
	var names []string
	for _, s := range tree.Sets {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, Problems{{Pos: source.Position{File: tree.Layout.Mirroring}, Message: fmt.Sprintf("there is no set %q", name),
		Hint: suggest.Hint(name, names, "the sets are the folders of "+tree.Layout.Mirroring)}}
}

// lines builds a mapping file from pairs of sources and destinations, and reports
// problems with them.
func lines(tree *release.Tree, name string, sources, destinations []string) (*mapping.File, Problems) {
	var text strings.Builder
	var problems Problems
	for i, src := range sources {
		dst := destinations[i]
		pos := source.Position{File: name, Line: i + 1}
		last := src[strings.LastIndexByte(src, '/')+1:]
		switch {
		case src == "" || dst == "" || strings.ContainsAny(src+dst, " \t\r\n=#"):
			problems = append(problems, source.Problem{Pos: pos, Message: fmt.Sprintf("%q to %q is not a pair of images", src, dst), Hint: "write HOST/REPOSITORY:TAG"})
		case strings.Contains(src, "/") && !strings.ContainsAny(last, ":@"):
			problems = append(problems, source.Problem{Pos: pos, Message: src + " has no tag: every tag would be mirrored", Hint: "write " + src + ":TAG, or :* for every tag"})
		}
		fmt.Fprintf(&text, "%s %s\n", src, dst)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	file := mapping.Parse(name, []byte(text.String()))
	if len(file.Problems) > 0 {
		return nil, file.Problems
	}
	return file, append(problems, doubtful(tree, file)...)
}

// doubtful reports lines that are probably mistakes.
func doubtful(tree *release.Tree, file *mapping.File) []source.Problem {
	var out []source.Problem
	problem := func(r mapping.Reference, hint, format string, args ...any) {
		out = append(out, source.Problem{Pos: r.Pos, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	own := slices.Collect(maps.Values(tree.Settings.ClusterRegistries))
	ours := func(r mapping.Reference) bool { return slices.Contains(own, r.Host()) }
	for e := range file.Entries() {
		if src := e.Source; src.Scheme == "" && src.Registry == "" {
			problem(src, "write HOST/NAMESPACE/NAME:TAG; docker.io is the host of Docker Hub", "%s has no registry", src.Text)
		}
		for _, d := range e.Destinations {
			switch {
			case d.Scheme != "":
			case d.Registry == "":
				problem(d, "write HOST/ORGANISATION/NAME:TAG; docker.io is the host of Docker Hub", "%s has no registry", d.Text)
			case !strings.Contains(d.Path(), "/"):
				problem(d, "write HOST/ORGANISATION/NAME:TAG", "%s has no organisation", d.Text)
			case ours(d) && !ours(e.Source):
				problem(d, "write the source first; "+tree.Layout.Supplemental()+" imports images from outside",
					"%s is the CI registry and %s is not: source and destination are swapped", d.Text, e.Source.Text)
			}
		}
	}
	return out
}
