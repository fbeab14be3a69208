package jobgen

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// RemovedSet is the result of [Remove].
type RemovedSet struct {
	Dir       string // the folder to remove
	Files     []File // the files in it
	Generated *Output
	Left      []Step // manual steps outside the folder and the job
}

// Remove removes a set from a tree: its folder, and its job from the jobs file.
// The rest of the jobs file does not change. The error is a [Problems].
func Remove(tree *release.Tree, name string) (*RemovedSet, error) {
	set, err := setNamed(tree, name)
	if err != nil {
		return nil, err
	}
	r := &RemovedSet{Dir: set.Dir}
	err = fs.WalkDir(tree.FS, set.Dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(tree.FS, file)
		if text == nil {
			text = []byte{}
		}
		r.Files = append(r.Files, File{Path: file, Old: text})
		return err
	})
	if err != nil {
		return nil, Problems{{Pos: source.Position{File: set.Dir}, Message: "the folder cannot be read completely: " + err.Error(), Hint: "make its files readable; nothing was changed"}}
	}
	if problems := runByOthers(tree, set); len(problems) > 0 {
		return nil, problems.orNil()
	}
	if r.Generated, err = regenerate(tree, r.Files, Options{Only: []string{name}, gone: set.Dir}); err != nil {
		return nil, err
	}
	r.Left = left(tree, set)
	return r, nil
}

// runByOthers reports jobs of other sets that mirror only the files of a set:
// they would mirror nothing afterwards.
func runByOthers(tree *release.Tree, set *release.Set) Problems {
	var problems Problems
	for _, j := range jobsOf(tree) {
		owner, files := tree.Runs().SetOf(j), tree.Runs().Files(j)
		if owner == set || len(files) == 0 {
			continue
		}
		if !slices.ContainsFunc(files, func(m *release.MappingFile) bool { return m.Set != set }) {
			problems = append(problems, source.Problem{Pos: j.Pos, Message: "the job " + j.Name + " would mirror nothing any more: all its mappings belong to " + set.Name,
				Hint: "remove the job, or the set that it belongs to, first"})
		}
	}
	return problems
}

func jobsOf(tree *release.Tree) []*release.Job {
	if tree.Jobs == nil {
		return nil
	}
	return tree.Jobs.Jobs
}

// left returns the manual steps for what a set has outside its folder and job.
func left(tree *release.Tree, set *release.Set) []Step {
	var steps []Step
	if to := targets(set); len(to) > 0 {
		steps = append(steps, Step{"The images stay in " + strings.Join(to, ", "), "Nobody updates or deletes them any more.\n"})
	}
	names := map[string]bool{}
	for _, j := range tree.Runs().JobsOf(set) {
		for _, m := range j.Secrets {
			names[m.Secret] = true
		}
	}
	for _, j := range jobsOf(tree) {
		if tree.Runs().SetOf(j) != set {
			for _, m := range j.Secrets {
				delete(names, m.Secret)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		where := "Its robot account and its source, such as a vault entry, are outside this repository.\n"
		if known := tree.Secrets().Named(name); len(known) > 0 {
			where = fmt.Sprintf("%s:%d creates it: remove that entry, then the robot account.\n", known[0].Pos.File, known[0].Pos.Line)
		}
		steps = append(steps, Step{"No other job uses the secret " + name, where})
	}
	if used := readFrom(tree, set); len(used) > 0 {
		steps = append(steps, Step{"Other sets mirror images from this one", strings.Join(used, "\n") + "\n"})
	}
	return steps
}

// readFrom returns the lines of other sets with a source that this set writes.
func readFrom(tree *release.Tree, set *release.Set) []string {
	writes := map[string]bool{}
	for _, f := range set.Files {
		for p := range f.Pairs() {
			writes[p.Destination.Canonical()] = true
		}
	}
	var out []string
	for _, f := range tree.Mappings() {
		if f.Set == set {
			continue
		}
		for e := range f.Entries() {
			if writes[e.Source.Canonical()] {
				out = append(out, fmt.Sprintf("%s:%d: %s", path.Clean(f.Path), e.Source.Pos.Line, e.Source.Text))
			}
		}
	}
	return out
}
