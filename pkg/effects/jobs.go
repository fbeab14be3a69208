package effects

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// JobChange is how a job changes.
type JobChange string

// The changes.
const (
	JobAdded   JobChange = "added"
	JobRemoved JobChange = "removed"
	JobChanged JobChange = "changed"
)

// Job is a periodic that is added, removed or changed.
type Job struct {
	Place
	Name   string    `json:"job"`
	Set    string    `json:"set,omitempty"` // that the job belongs to, if known
	Change JobChange `json:"change"`
	// Fields are those that change. For a job that is added or removed they are
	// a summary of it.
	Fields []Field `json:"fields"`
}

// Field is one thing that changes in a job.
type Field struct {
	// Name is the path of the field, such as spec.containers[0].image. Three
	// names cover several fields: schedule, mappings and secrets[NAME/KEY].
	Name   string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Text describes the change; it follows the name of the job.
	Text Words `json:"text"`
}

// jobs compares the periodics by name. Periodics with the same name are matched
// in order.
func (c *comparison) jobs() {
	old, now := numbered(c.before.Tree), numbered(c.after.Tree)
	if old == nil || now == nil { // reported by unknown
		return
	}
	byName := map[jobKey]*release.Job{}
	for _, o := range old {
		byName[o.key] = o.job
	}
	seen := map[jobKey]bool{}
	for _, n := range now {
		seen[n.key] = true
		before, ok := byName[n.key]
		if !ok {
			c.addJob(c.after, n.job, JobAdded, summary(c.after.Tree, n.job))
		} else if fields := changed(c.before.Tree, before, c.after.Tree, n.job); len(fields) > 0 {
			c.addJob(c.after, n.job, JobChanged, fields)
		}
	}
	for _, o := range old {
		if !seen[o.key] {
			c.addJob(c.before, o.job, JobRemoved, summary(c.before.Tree, o.job))
		}
	}
}

func (c *comparison) addJob(x side, j *release.Job, change JobChange, fields []Field) {
	c.effect.Jobs = append(c.effect.Jobs, Job{
		Place: Place{j.Pos.File, j.Pos.Line}, Name: j.Name, Set: setName(x.Tree, j), Change: change, Fields: fields,
	})
}

func setName(t *release.Tree, j *release.Job) string {
	if s := t.Runs().SetOf(j); s != nil {
		return s.Name
	}
	return ""
}

type jobKey struct {
	name string
	n    int
}

type numberedJob struct {
	key jobKey
	job *release.Job
}

// numbered returns the jobs of a tree, or nil if they cannot be read.
func numbered(t *release.Tree) []numberedJob {
	if t.Jobs == nil || t.Jobs.Root == nil && len(t.Jobs.Text) > 0 {
		return nil
	}
	count := map[string]int{}
	out := []numberedJob{}
	for _, j := range t.Jobs.Jobs {
		count[j.Name]++
		out = append(out, numberedJob{jobKey{j.Name, count[j.Name]}, j})
	}
	return out
}

// summary describes a job as a whole.
func summary(t *release.Tree, j *release.Job) []Field {
	fields := []Field{{Name: "schedule", After: j.Schedule, Text: append(Words{Say("runs ")}, Schedule(j.Schedule)...)}}
	if globs := patterns(j); len(globs) > 0 {
		fields = append(fields, Field{Name: "mappings", After: strings.Join(globs, " "), Text: Words{Say("mirrors "), Code(strings.Join(globs, " "))}})
	}
	if j.Cluster != "" {
		fields = append(fields, Field{Name: "cluster", After: j.Cluster, Text: Words{Say("runs on the cluster "), Code(j.Cluster)}})
	}
	for _, m := range mounts(j) {
		fields = append(fields, Field{Name: m.field(), After: m.String(), Text: m.words("mounts the secret ", "")})
	}
	return fields
}

func patterns(j *release.Job) []string {
	var out []string
	for _, g := range j.Mappings.Globs {
		if !slices.Contains(out, g.Pattern) {
			out = append(out, g.Pattern)
		}
	}
	return out
}

// mount is a secret, or one key of it, that a job mounts.
type mount struct{ secret, key string }

func mounts(j *release.Job) []mount {
	var out []mount
	for _, s := range j.Secrets {
		if m := (mount{s.Secret, s.Key}); !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

func (m mount) field() string { return "secrets[" + m.String() + "]" }

func (m mount) String() string {
	if m.key == "" {
		return m.secret
	}
	return m.secret + "/" + m.key
}

func (m mount) words(verb, after string) Words {
	w := Words{Say(verb), Code(m.secret)}
	if m.key != "" {
		w = append(w, Say(", key "), Code(m.key))
	}
	if after != "" {
		w = append(w, Say(after))
	}
	return w
}

// changed compares two versions of a job field by field: first the fields that
// package release reads, then everything else in the YAML.
func changed(oldTree *release.Tree, old *release.Job, nowTree *release.Tree, now *release.Job) []Field {
	var out []Field
	differ := func(name, before, after string, text Words) {
		if before != after {
			out = append(out, Field{name, before, after, text})
		}
	}
	differ("schedule", old.Schedule, now.Schedule,
		slices.Concat(Words{Say("runs ")}, Schedule(now.Schedule), Words{Say(" instead of ")}, Schedule(old.Schedule)))
	a, b := strings.Join(patterns(old), " "), strings.Join(patterns(now), " ")
	differ("mappings", a, b, instead("mirrors ", a, b))
	differ("cluster", old.Cluster, now.Cluster, instead("runs on the cluster ", old.Cluster, now.Cluster))
	differ("namespace", old.Namespace, now.Namespace, instead("runs in the namespace ", old.Namespace, now.Namespace))
	before, after := mounts(old), mounts(now)
	for _, m := range after {
		if !slices.Contains(before, m) {
			differ(m.field(), "", m.String(), m.words("mounts the secret ", ", for the first time"))
		}
	}
	for _, m := range before {
		if !slices.Contains(after, m) {
			differ(m.field(), m.String(), "", m.words("no longer mounts the secret ", ""))
		}
	}
	reported := func(path string) bool { return reportedByName(path, old, now, !slices.Equal(before, after)) }
	return append(out, rest(old, now, reported)...)
}

// reportedByName reports whether changed has already reported a path of the YAML
// under a name of its own.
func reportedByName(path string, old, now *release.Job, secrets bool) bool {
	switch path {
	case "name", "cron", "interval", "minimum_interval", "cluster", "namespace":
		return true
	}
	if m := variable.FindStringSubmatch(path); m != nil && old.Mappings.Known && now.Mappings.Known {
		named := func(j *release.Job) bool { return j.Mappings.From != nil && j.Mappings.From.Env == m[1] }
		if named(old) || named(now) { // reported with the mappings, if those change
			return true
		}
	}
	if !secrets {
		return false
	}
	if strings.HasPrefix(path, "spec.volumes[") {
		return true
	}
	_, mounted, ok := strings.Cut(path, ".volumeMounts[")
	if !ok {
		return false
	}
	return slices.ContainsFunc(slices.Concat(old.Secrets, now.Secrets), func(s release.SecretMount) bool {
		return strings.HasPrefix(strings.Replace(mounted, "/]", "]", 1), s.MountPath+"]")
	})
}

// instead returns "VERB after instead of before", where either may be missing.
func instead(verb, before, after string) Words {
	switch {
	case before == "":
		return Words{Say(verb), Code(after)}
	case after == "":
		return Words{Say("no longer " + verb), Code(before)}
	}
	return Words{Say(verb), Code(after), Say(" instead of "), Code(before)}
}
