package validate

import (
	"bytes"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// joinConsequences gives findings that follow from another one its cause:
// fixing that one fixes them.
func joinConsequences(facts *facts, out *Result) {
	c := consequences{facts, map[string][]int{}, out.Findings}
	for i, f := range out.Findings {
		c.byRule[f.Rule] = append(c.byRule[f.Rule], i)
	}
	reasons := make([]int, len(out.Findings))
	for i, f := range out.Findings {
		reasons[i] = c.explains(f)
	}
	for i, by := range reasons {
		for by >= 0 && reasons[by] >= 0 { // the finding that explains it is a consequence too
			by = reasons[by]
		}
		if by >= 0 {
			why := &out.Findings[by]
			why.id = why.CauseID() // which must not depend on its place
			out.Findings[i].reason = reason{why.id, why.Severity}
		}
	}
}

// consequences finds the findings that explain others.
type consequences struct {
	*facts
	byRule   map[string][]int // indexes of the findings of each rule
	findings []Finding
}

// The names of causes that distinguish a consequence from other findings of its
// rule.
const (
	notRun       = "not run by any job"
	otherCluster = "cluster"
)

// explains returns the index of the finding that explains another, or -1.
func (c consequences) explains(f Finding) int {
	set, job := c.tree.Runs().SetAt(f.Pos), c.tree.Jobs.At(f.Pos)
	sameFile := func(g Finding) bool { return g.Pos.File == f.Pos.File }
	sameSet := func(g Finding) bool { return set != nil && c.tree.Runs().SetAt(g.Pos) == set }
	sameJob := func(g Finding) bool { return job != nil && c.tree.Jobs.At(g.Pos) == job }
	if i := c.repeated(job); i >= 0 && !(f.Rule == "file-syntax" && f.Pos == job.Pos) {
		return i
	}
	switch f.Rule {
	case "set-job":
		return c.hidden(f, set)
	case "set-owners":
		return c.find("set-mapping", func(g Finding) bool { return set != nil && g.Pos.File == set.Dir })
	case "secret-shared":
		return c.wrongDestination(f)
	case "source-access":
		return c.find("source-unpromoted", func(g Finding) bool { return sameFile(g) && g.Pos == f.Pos })
	case "destination-promoted":
		return c.find("mapping-direction", func(g Finding) bool { return sameFile(g) && g.Pos.Line == f.Pos.Line })
	case "mapping-unused":
		if !strings.HasPrefix(f.Cause.ID, notRun) {
			return -1
		}
		return firstOf(c.find("mapping-name", func(g Finding) bool { return sameFile(g) && g.Severity == source.Error }),
			c.find("set-job", sameSet), c.noPeriodics(), c.find("job-unused", sameSet), c.find("job-overlap", func(g Finding) bool { return sameSet(g) && c.takesOthers(g) }))
	case "mapping-name":
		return firstOf(c.find("configmap-key", about(f.Pos.File)), c.noPeriodics())
	case "job-unused":
		return c.allMisnamed(set)
	case "job-overlap":
		return firstOf(c.allTold(f), c.namesake(job))
	case "job-secret":
		return c.find("job-configmap", func(g Finding) bool { return sameJob(g) && f.Severity == source.Error })
	case "job-template":
		if strings.HasPrefix(f.Cause.ID, otherCluster+" ") {
			return firstOf(c.find("job-configmap", sameJob), c.find("job-secret", sameJob))
		}
		if strings.Contains(f.Cause.ID, ".mountPath") {
			return c.find("job-configmap", sameJob)
		}
		if strings.HasPrefix(f.Cause.ID, "it has namespace ") {
			return c.find("job-power", func(g Finding) bool { return sameJob(g) && g.power.kind == release.PowerNamespace })
		}
		return c.find("job-auth", func(g Finding) bool { return sameJob(g) && g.Pos.Line == f.Pos.Line })
	case "job-power":
		if f.power.kind == release.PowerNamespace {
			return c.find("job-configmap", func(g Finding) bool { return sameJob(g) && g.Cause.ID != "" })
		}
	}
	return -1
}

// wrongDestination returns the finding that explains why a job has no
// credential for a destination: the destination is probably wrong, or the
// credential belongs to another set.
func (c consequences) wrongDestination(f Finding) int {
	sameLine := func(g Finding) bool {
		return slices.ContainsFunc(f.Related, func(r Related) bool { return r.Pos.File == g.Pos.File && r.Pos.Line == g.Pos.Line })
	}
	shared := func(g Finding) bool { return f.power.kind == "" && g.power.kind != "" && g.Pos == f.Pos }
	return firstOf(c.find("reference-typo", sameLine), c.find("mapping-direction", sameLine), c.find("destination-promoted", sameLine), c.find("secret-shared", shared))
}

// repeated returns the finding that a job has the name of another job.
func (c consequences) repeated(job *release.Job) int {
	return c.find("file-syntax", func(g Finding) bool { return job != nil && g.Pos == job.Pos })
}

// namesake returns a finding about another job with the name of a job.
func (c consequences) namesake(job *release.Job) int {
	return c.find("file-syntax", func(g Finding) bool {
		other := c.tree.Jobs.At(g.Pos)
		return job != nil && other != nil && other.Name == job.Name && other.Pos == g.Pos
	})
}

// hidden returns a finding about the syntax of the jobs file if the unread text
// contains the job of a set.
func (c consequences) hidden(f Finding, set *release.Set) int {
	jobs := c.tree.Jobs
	if jobs == nil || set == nil && f.Pos.File != jobs.Path || set != nil && !bytes.Contains(jobs.Text, []byte(c.tree.JobName(set.Name))) && !bytes.Contains(jobs.Text, []byte("mapping_"+set.Prefix())) {
		return -1
	}
	return c.find("file-syntax", func(g Finding) bool { return g.Pos.File == jobs.Path })
}

// noPeriodics returns the finding that the jobs file has no periodics.
func (c consequences) noPeriodics() int {
	return c.find("set-job", func(g Finding) bool { return c.tree.Jobs != nil && g.Pos.File == c.tree.Jobs.Path })
}

// takesOthers reports whether a finding is about a job that mirrors the
// mappings of another set instead of its own.
func (c consequences) takesOthers(g Finding) bool {
	job := c.tree.Jobs.At(g.Pos)
	own := c.tree.Runs().SetOf(job)
	return !slices.ContainsFunc(c.tree.Runs().Files(job), func(m *release.MappingFile) bool { return m.Set == own })
}

// find returns the index of the first matching finding of a rule, or -1.
func (c consequences) find(rule string, wanted func(Finding) bool) int {
	for _, i := range c.byRule[rule] {
		if wanted(c.findings[i]) {
			return i
		}
	}
	return -1
}

// about reports whether a finding or one of its related places is in a file.
func about(file string) func(Finding) bool {
	return func(g Finding) bool {
		return g.Pos.File == file || slices.ContainsFunc(g.Related, func(r Related) bool { return r.Pos.File == file })
	}
}

func firstOf(found ...int) int {
	for _, i := range found {
		if i >= 0 {
			return i
		}
	}
	return -1
}

// allMisnamed returns the finding about the name of a set's first file if all
// of its files have such a finding: it explains why the job finds no files.
func (c consequences) allMisnamed(set *release.Set) int {
	if set == nil || len(set.Files) == 0 {
		return -1
	}
	first := -1
	for i := len(set.Files) - 1; i >= 0; i-- {
		name := set.Files[i].Path
		first = c.find("mapping-name", func(g Finding) bool { return g.Pos.File == name && g.Severity == source.Error })
		if first < 0 {
			return -1
		}
	}
	return first
}

// allTold returns the finding about the name of the first file of another set
// that a job picks up, if all of these files have such a finding.
func (c consequences) allTold(f Finding) int {
	first := -1
	for _, r := range slices.Backward(f.Related) {
		named := func(g Finding) bool { return g.Pos.File == r.Pos.File && g.Severity == source.Error }
		first = firstOf(c.find("configmap-key", about(r.Pos.File)), c.find("mapping-name", named))
		if first < 0 {
			return -1
		}
	}
	return first
}
