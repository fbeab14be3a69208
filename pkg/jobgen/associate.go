package jobgen

import (
	"io/fs"
	"path"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// adopted says whether the jobs of a tree are generated: one that has neither
// _mirror.yaml nor any _job.yaml has hand-written jobs, which stay.
func adopted(tree *release.Tree) bool {
	if _, err := fs.Stat(tree.FS, release.SettingsFile); err == nil {
		return true
	}
	return slices.ContainsFunc(tree.Sets, func(s *release.Set) bool { return s.Job != nil })
}

// associate finds the job of each set in the jobs file: the one that is named
// after the set, else the first whose globs pick most of their files from it.
// A job serves one set, and a set has one job.
func associate(tree *release.Tree) map[*release.Set]*release.Job {
	out := map[*release.Set]*release.Job{}
	if tree.Jobs == nil {
		return out
	}
	byName := map[string]*release.Set{}
	for _, s := range tree.Sets {
		byName[namePrefix+s.Name] = s
	}
	taken := map[*release.Job]bool{}
	for _, j := range tree.Jobs.Jobs {
		if s := byName[j.Name]; s != nil && out[s] == nil {
			out[s], taken[j] = j, true
		}
	}
	for _, j := range tree.Jobs.Jobs {
		if taken[j] || !j.Mirrors {
			continue
		}
		var best *release.Set
		most := 0
		for _, s := range tree.Sets {
			if out[s] != nil {
				continue
			}
			if n := picks(j, s); n > most {
				best, most = s, n
			}
		}
		if best != nil {
			out[best] = j
		}
	}
	return out
}

// picks counts the files of a set that a job's globs match.
func picks(j *release.Job, s *release.Set) int {
	n := 0
	for _, f := range s.Files {
		if slices.ContainsFunc(j.Globs, func(g release.Glob) bool {
			ok, err := path.Match(g.Pattern, f.Base)
			return ok && err == nil
		}) {
			n++
		}
	}
	return n
}
