package release

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Runs relates jobs to the files that they mirror and the sets that they belong
// to.
type Runs struct {
	tree    *Tree
	runners map[*MappingFile][]*Job
	files   map[*Job][]*MappingFile
	sets    map[*Job]*Set
	keys    keyIndex
	others  otherJobs // read only if a set seems to have no job, or a file
}

// numbered is a mapping file with its place among all, by set and name.
type numbered struct {
	*MappingFile
	place int
}

// keyIndex are the mapping files by ConfigMap key.
type keyIndex []numbered

// Matching returns the mapping files whose ConfigMap key a pattern matches, as
// bash matches file names; by set and name.
func (r *Runs) Matching(pattern string) []*MappingFile { return inPlace(r.keys.matching(pattern)) }

func (x keyIndex) matching(pattern string) []numbered {
	literal := pattern
	if i := strings.IndexAny(pattern, `*?[\`); i >= 0 {
		literal = pattern[:i]
	}
	start, _ := slices.BinarySearchFunc(x, literal, func(m numbered, s string) int { return strings.Compare(m.Base, s) })
	var found []numbered
	for _, m := range x[start:] {
		if !strings.HasPrefix(m.Base, literal) {
			break
		}
		if ok, err := path.Match(pattern, m.Base); ok && err == nil {
			found = append(found, m)
		}
	}
	return found
}

// inPlace returns the files sorted by set and name, without duplicates.
func inPlace(found []numbered) []*MappingFile {
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.place, b.place) })
	found = slices.CompactFunc(found, func(a, b numbered) bool { return a.place == b.place })
	files := make([]*MappingFile, len(found))
	for i, m := range found {
		files[i] = m.MappingFile
	}
	return files
}

// Of returns the jobs that mirror a file, in the order of the jobs file. If a
// file or set has no job there, jobs of other files follow.
func (r *Runs) Of(m *MappingFile) []*Job { return r.runners[m] }

// Files returns the files that a job mirrors, by set and name.
func (r *Runs) Files(job *Job) []*MappingFile { return r.files[job] }

// SetOf returns the set of a job: by the job's name, else by the prefix in its
// globs, else the set of most files that it mirrors. It returns nil if there is
// no such set.
func (r *Runs) SetOf(job *Job) *Set { return r.sets[job] }

// JobsOf returns the jobs of a set, in the order of the jobs file.
func (r *Runs) JobsOf(set *Set) []*Job {
	if r.tree.Jobs == nil {
		return nil
	}
	var jobs []*Job
	for _, j := range r.tree.Jobs.Jobs {
		if r.sets[j] == set {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// Elsewhere returns the jobs of a set outside the jobs file. They are only
// known for sets without a job in the jobs file.
func (r *Runs) Elsewhere(set *Set) []*Job {
	return slices.DeleteFunc(slices.Clone(r.others.jobs), func(j *Job) bool { return r.sets[j] != set })
}

// Unread returns unreadable jobs files that may have a job of a set that seems
// to have none.
func (r *Runs) Unread() []source.Problem { return r.others.unread }

// JobOf returns the main job of a set: the one that is named after it, else its
// first job. It returns nil if there is no such job.
func (r *Runs) JobOf(set *Set) *Job {
	jobs := r.JobsOf(set)
	for _, j := range jobs {
		if r.tree.SetName(j.Name) == set.Name {
			return j
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	return jobs[0]
}

// RunBy returns the job of another set that mirrors a set according to its
// settings. It returns nil if the settings name no existing job.
func (r *Runs) RunBy(set *Set) *Job {
	if set.Job == nil || set.Job.RunBy == "" || r.tree.Jobs == nil {
		return nil
	}
	for _, s := range r.tree.Sets {
		if s.Name == set.Job.RunBy && s != set {
			return r.JobOf(s)
		}
	}
	for _, j := range slices.Concat(r.tree.Jobs.Jobs, r.others.jobs) {
		if j.Name == set.Job.RunBy {
			return j
		}
	}
	return nil
}

// Unknown reports whether a job whose mappings are not known may mirror a set:
// its own job, a job without a known set, or one in an unreadable file.
func (r *Runs) Unknown(set *Set) bool {
	if r.tree.Jobs == nil || len(r.others.unread) > 0 && len(r.JobsOf(set)) == 0 {
		return true
	}
	for _, j := range slices.Concat(r.tree.Jobs.Jobs, r.others.jobs) {
		if owner := r.sets[j]; j.Mirrors && !j.Mappings.Known && (owner == nil || owner == set) {
			return true
		}
	}
	return false
}

// SetAt returns the set of a position: the one whose folder or job it is in;
// nil if there is no such set.
func (r *Runs) SetAt(pos source.Position) *Set {
	if below, ok := strings.CutPrefix(pos.File, r.tree.Layout.Mirroring+"/"); ok {
		name, _, _ := strings.Cut(below, "/")
		for _, s := range r.tree.Sets {
			if s.Name == name {
				return s
			}
		}
		return nil
	}
	return r.sets[r.tree.Jobs.At(pos)]
}

// At returns the job at a position of the file, or nil. A nil file has no jobs.
func (f *JobsFile) At(pos source.Position) *Job {
	if f == nil || pos.File != f.Path {
		return nil
	}
	var at *Job
	for _, j := range f.Jobs {
		if j.Node.Line <= pos.Line && (at == nil || j.Node.Line > at.Node.Line) {
			at = j
		}
	}
	return at
}

func loadRuns(t *Tree) *Runs {
	r := &Runs{tree: t, runners: map[*MappingFile][]*Job{}, files: map[*Job][]*MappingFile{}, sets: map[*Job]*Set{}}
	for i, m := range t.Mappings() {
		r.keys = append(r.keys, numbered{m, i})
	}
	slices.SortFunc(r.keys, func(a, b numbered) int { return strings.Compare(a.Base, b.Base) })
	if t.Jobs == nil {
		return r
	}
	for _, job := range t.Jobs.Jobs {
		r.add(job)
	}
	if slices.ContainsFunc(t.Sets, r.jobless) {
		r.others = loadOtherJobs(t)
		for _, job := range r.others.jobs {
			r.add(job)
		}
	}
	return r
}

// add records what a job mirrors and its set.
func (r *Runs) add(job *Job) {
	if !job.Mirrors {
		r.sets[job] = r.namesake(job)
		return
	}
	var found []numbered
	for _, g := range job.Mappings.Globs {
		found = append(found, r.keys.matching(g.Pattern)...)
	}
	r.files[job] = inPlace(found)
	for _, m := range r.files[job] {
		r.runners[m] = append(r.runners[m], job)
	}
	r.sets[job] = r.owner(job)
}

// jobless reports whether a set has mappings, but no job of the jobs file
// belongs to it or mirrors one of them.
func (r *Runs) jobless(set *Set) bool {
	if set.Paused() || len(set.Files) == 0 {
		return false
	}
	unrun := func(m *MappingFile) bool { return len(r.runners[m]) == 0 }
	return len(r.JobsOf(set)) == 0 || slices.ContainsFunc(set.Files, unrun)
}

// namesake returns the set that a job without mappings is named after. Whatever
// the job runs, it takes the place of the set's job.
func (r *Runs) namesake(job *Job) *Set {
	for _, s := range r.tree.Sets {
		if job.Name == r.tree.JobName(s.Name) || s.Job != nil && s.Job.Name == job.Name && job.Name != "" {
			return s
		}
	}
	return nil
}

func (r *Runs) owner(job *Job) *Set {
	name := Fold(r.tree.SetName(job.Name))
	for _, s := range r.tree.Sets {
		if s.Job != nil && s.Job.Name == job.Name && job.Name != "" || Fold(s.Name) == name {
			return s
		}
	}
	for _, g := range job.Mappings.Globs {
		stem := strings.TrimRight(Fold(strings.TrimPrefix(strings.TrimRight(g.Pattern, "*"), "mapping_")), "_")
		for _, s := range r.tree.Sets {
			if stem != "" && (Fold(s.Name) == stem || Fold(s.Prefix()) == stem) {
				return s
			}
		}
	}
	var most *Set
	count := map[*Set]int{}
	for _, m := range r.files[job] {
		if count[m.Set]++; most == nil || count[m.Set] > count[most] {
			most = m.Set
		}
	}
	return most
}

// PicksUp reports whether one of a job's globs matches a ConfigMap key, as bash
// matches file names.
func (j *Job) PicksUp(key string) bool {
	for _, g := range j.Mappings.Globs {
		if ok, err := path.Match(g.Pattern, key); ok && err == nil {
			return true
		}
	}
	return false
}

// Fold replaces "-" and "_" by the same character, because the naming
// convention treats them alike.
func Fold(s string) string { return strings.ReplaceAll(s, "-", "_") }
