package validate

import (
	"path"
	"strings"
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// facts are what several rules ask of one tree, worked out once.
type facts struct {
	tree *release.Tree

	runsOnce sync.Once
	runs     map[*release.MappingFile][]*release.Job // who mirrors a file
	files    map[*release.Job][]*release.MappingFile // what a job mirrors
	sets     map[*release.Job]*release.Set           // whom a job belongs to
}

// noJobs says why nothing is known about the jobs, or "".
func (f *facts) noJobs() string {
	switch jobs := f.tree.Jobs; {
	case jobs == nil:
		return "no " + f.tree.Settings.JobsFile + " in the tree"
	case jobs.Root == nil && len(jobs.Text) > 0:
		return jobs.Path + " does not parse"
	}
	return ""
}

func (f *facts) index() {
	f.runsOnce.Do(func() {
		f.runs = map[*release.MappingFile][]*release.Job{}
		f.files = map[*release.Job][]*release.MappingFile{}
		f.sets = map[*release.Job]*release.Set{}
		if f.tree.Jobs == nil {
			return
		}
		mappings := f.tree.Mappings()
		for _, job := range f.tree.Jobs.Jobs {
			if !job.Mirrors {
				continue
			}
			for _, m := range mappings {
				if picksUp(job, m.Base) {
					f.runs[m] = append(f.runs[m], job)
					f.files[job] = append(f.files[job], m)
				}
			}
			f.sets[job] = f.owner(job)
		}
	})
}

// runners gives the jobs that mirror a file, in the order of the jobs file.
func (f *facts) runners(m *release.MappingFile) []*release.Job {
	f.index()
	return f.runs[m]
}

// mirrored gives the files that a job mirrors, by set and name.
func (f *facts) mirrored(job *release.Job) []*release.MappingFile {
	f.index()
	return f.files[job]
}

// setOf gives the set that a job was made for; nil when there is none.
func (f *facts) setOf(job *release.Job) *release.Set {
	f.index()
	return f.sets[job]
}

// owner finds the set that a job was made for: by the job's name, else by the
// prefix in its globs, else the set most of whose files it mirrors.
func (f *facts) owner(job *release.Job) *release.Set {
	name := fold(strings.TrimPrefix(job.Name, "periodic-image-mirroring-"))
	for _, s := range f.tree.Sets {
		if s.Job != nil && s.Job.Name == job.Name && job.Name != "" || fold(s.Name) == name {
			return s
		}
	}
	for _, g := range job.Globs {
		stem := strings.TrimRight(fold(strings.TrimPrefix(strings.TrimRight(g.Pattern, "*"), "mapping_")), "_")
		for _, s := range f.tree.Sets {
			if stem != "" && (fold(s.Name) == stem || fold(prefix(s)) == stem) {
				return s
			}
		}
	}
	var most *release.Set
	count := map[*release.Set]int{}
	for _, m := range f.files[job] {
		if count[m.Set]++; most == nil || count[m.Set] > count[most] {
			most = m.Set
		}
	}
	return most
}

// jobsOf gives the jobs that were made for a set.
func (f *facts) jobsOf(set *release.Set) []*release.Job {
	f.index()
	if f.tree.Jobs == nil {
		return nil
	}
	var jobs []*release.Job
	for _, j := range f.tree.Jobs.Jobs {
		if f.sets[j] == set {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// picksUp says whether one of a job's globs matches a ConfigMap key, as bash
// matches file names.
func picksUp(job *release.Job, key string) bool {
	for _, g := range job.Globs {
		if ok, err := path.Match(g.Pattern, key); ok && err == nil {
			return true
		}
	}
	return false
}

// prefix is what the names of a set's mapping files begin with after "mapping_".
func prefix(s *release.Set) string {
	if s.Job != nil && s.Job.Prefix != "" {
		return s.Job.Prefix
	}
	return s.Name
}

// fold makes "-" and "_" the same, as the naming convention does.
func fold(s string) string { return strings.ReplaceAll(s, "-", "_") }
