package jobgen

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Options configure [Generate].
type Options struct {
	// Template replaces the template of the tree.
	Template *Template
	// Prune removes jobs that belong to no set and no setting.
	Prune bool
	// Only are the sets whose jobs are generated; the jobs of all others do not
	// change. nil means all sets.
	Only []string

	gone  string        // a folder to remove
	shown *release.Tree // the tree before the change, whose sets own the jobs of the file
}

// File is a file with its current and its new contents.
type File struct {
	Path string // relative to the root of the tree
	Old  []byte // nil if it does not exist
	New  []byte // nil to remove it
}

// Removed reports whether the file is removed.
func (f File) Removed() bool { return f.New == nil && f.Old != nil }

// Changed reports whether the new contents differ from the current ones.
func (f File) Changed() bool { return f.Old == nil || f.New == nil || !bytes.Equal(f.Old, f.New) }

// Diff is the unified diff from the file as it is; nil when nothing changes.
func (f File) Diff() []byte {
	from, to := text.PatchName("a/"+f.Path), text.PatchName("b/"+f.Path)
	if f.Old == nil {
		from = "/dev/null"
	}
	if f.New == nil {
		to = "/dev/null"
	}
	return diff.Diff(from, f.Old, to, f.New)
}

// Output is the result of [Generate].
type Output struct {
	Jobs  File   // the jobs file
	Files []File // other generated files: the list in the README, config-updater's partitions
	// Names of periodics that are added, removed, or kept although they belong
	// to no set and no setting.
	Added, Removed, Kept []string
	// Changed are the existing jobs that change.
	Changed []Change
	// HandWritten are the jobs that do not change, because their set has no
	// _job.yaml and the tree is not adopted.
	HandWritten []string
	Notes       []source.Problem // notes and warnings, no errors
}

// Change lists the changes of a job.
type Change struct {
	Job  string
	What []string // names of settings, or paths in the job without a setting
}

// All returns all generated files, the jobs file first.
func (o *Output) All() []File { return append([]File{o.Jobs}, o.Files...) }

// Generate generates the jobs file of a tree from its folders. Jobs keep their
// place in an existing file; new ones follow, sorted by name. The comment at the
// head of the file and everything besides periodics is kept.
//
// Unless _mirror.yaml sets adopted, a set without _job.yaml gets no job, and an
// existing one is hand-written and does not change, so that sets can be converted
// one by one. A file that Generate created has a mark in its first line and no
// hand-written jobs. In a tree without settings of jobs nothing is generated. A
// set never gets a second job for the same files.
//
// The error is a [Problems]. [Load] checks whether Prow accepts the result.
func Generate(tree *release.Tree, o Options) (*Output, error) {
	if err := settingsProblems(tree); err != nil {
		return nil, err
	}
	t, err := templateOf(tree, o.Template)
	if err != nil {
		return nil, err
	}
	old, err := readJobs(tree)
	if err != nil {
		return nil, err
	}
	g := &generator{
		tree: tree, old: old, prune: o.Prune, only: o.Only, shown: cmp.Or(o.shown, tree),
		b:   newBuilder(t, tree, tree.Settings),
		out: &Output{Jobs: File{Path: tree.Layout.Jobs, Old: old.text}},
	}
	if o.Only == nil && !converted(tree) {
		return g.untouched()
	}
	jobs := g.jobs()
	g.files()
	if err := g.b.problems.orNil(); err != nil {
		return nil, err
	}
	if g.out.Jobs.New, err = old.print(g.place(jobs)); err != nil {
		return nil, err
	}
	return g.out, nil
}

// settingsProblems returns the problems of parts of a tree, or of all settings
// without parts. What is generated from incomplete settings would be silently
// wrong.
func settingsProblems(tree *release.Tree, parts ...release.Part) error {
	if len(parts) == 0 {
		parts = []release.Part{release.PartLayout, release.PartSettings, release.PartJobSettings}
	}
	var problems Problems
	for _, p := range tree.Problems {
		if slices.Contains(parts, p.Part) {
			problems = append(problems, p.Problem)
		}
	}
	return problems.orNil()
}

type generator struct {
	tree  *release.Tree
	b     builder
	old   *jobsFile
	prune bool
	only  []string
	shown *release.Tree
	out   *Output

	retired     map[string]bool // base names of jobs that sets no longer have
	handWritten map[string]bool // names of jobs that do not change
	others      map[string]bool // names of jobs of sets outside Options.Only
}

// made is a generated job with its name.
type made struct {
	subject
	name  string
	value object
}

// jobs generates all jobs of the settings.
func (g *generator) jobs() []made {
	var all []made
	for _, s := range g.wanted() {
		before := len(g.b.problems)
		for i := 1; i <= s.shards(); i++ {
			job := g.b.job(s, i)
			if job == nil {
				break
			}
			if i == 1 || len(g.b.problems) == before {
				g.b.check(job, s)
			}
			all = append(all, made{s, str(job, "name"), job})
		}
	}
	g.unique(all)
	g.refuseSeconds(all)
	g.refuseForeignSecrets(all)
	g.out.Notes = append(g.out.Notes, g.b.notes...)
	return all
}

// wanted returns the subjects that get a generated job.
func (g *generator) wanted() []subject {
	all := subjects(g.tree)
	g.retired, g.handWritten = map[string]bool{}, map[string]bool{}
	for _, set := range g.tree.Sets {
		s := setSubject(g.tree, set)
		if set.Job != nil {
			g.retired[s.jobName(g.b.template)] = true
		}
	}
	if g.only != nil {
		return g.wantedOnly(all)
	}
	there := associate(g.tree)
	return slices.DeleteFunc(all, func(s subject) bool {
		return s.set != nil && s.set.Job == nil && g.leaves(s, there[s.set])
	})
}

// wantedOnly returns the subjects of the sets in Options.Only. Their old jobs are
// removed, and all other jobs are kept.
func (g *generator) wantedOnly(all []subject) []subject {
	clear(g.retired)
	others := map[string]bool{}
	for _, j := range g.old.jobs {
		others[str(j, "name")] = true
	}
	for _, set := range g.shown.Sets {
		if !slices.Contains(g.only, set.Name) {
			continue
		}
		g.retired[setSubject(g.shown, set).jobName(g.b.template)] = true
		for _, j := range g.shown.Runs().JobsOf(set) {
			g.retired[j.Name] = true
		}
	}
	for name := range g.retired {
		delete(others, name)
	}
	g.others = others
	return slices.DeleteFunc(all, func(s subject) bool { return s.set == nil || !slices.Contains(g.only, s.set.Name) })
}

func (g *generator) unique(all []made) {
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.name] {
			g.b.problem(source.Position{File: g.tree.Layout.Jobs}, "set another name in "+release.JobSettingsName, "two jobs have the name %s", m.name)
		}
		seen[m.name] = true
	}
}

var shardSuffix = regexp.MustCompile(`-\d+-of-\d+$`)

// place puts the jobs in order: those of the old file keep their place, new ones
// follow sorted by name.
func (g *generator) place(jobs []made) []placed {
	byName := map[string]object{}
	base := map[string]bool{}
	for _, m := range jobs {
		byName[m.name] = m.value
		base[shardSuffix.ReplaceAllString(m.name, "")] = true
	}
	var out []placed
	for i, old := range g.old.jobs {
		name := str(old, "name")
		bare := shardSuffix.ReplaceAllString(name, "")
		switch job, ok := byName[name]; {
		case ok:
			out = append(out, placed{job, i, true})
			delete(byName, name)
			if changes := g.b.changes(old, job); len(changes) > 0 {
				g.out.Changed = append(g.out.Changed, Change{name, changes})
			}
		case base[bare] || g.retired[bare] || g.retired[name]: // now in shards, or disabled
			g.out.Removed = append(g.out.Removed, name)
		case g.others[name]:
			out = append(out, placed{old, i, false})
		case g.handWritten[name]:
			out = append(out, placed{old, i, false})
			g.out.HandWritten = append(g.out.HandWritten, name)
		case g.prune:
			g.out.Removed = append(g.out.Removed, name)
		default:
			out = append(out, placed{old, i, false})
			g.out.Kept = append(g.out.Kept, name)
		}
	}
	slices.SortStableFunc(jobs, func(a, b made) int { return text.Natural(a.name, b.name) }) // shard 2 before 10
	for _, m := range jobs {
		if _, ok := byName[m.name]; ok {
			out = append(out, placed{m.value, -1, true})
			g.out.Added = append(g.out.Added, m.name)
		}
	}
	return out
}

// jobsFile is the jobs file as plain values.
type jobsFile struct {
	path string
	text []byte
	head []byte // its first comment
	doc  object
	jobs []object
}

func readJobs(tree *release.Tree) (*jobsFile, error) {
	f := &jobsFile{doc: object{}, head: []byte(generatedHead(&tree.Layout))}
	if tree.Jobs == nil {
		return f, nil
	}
	f.path, f.text, f.head = tree.Jobs.Path, tree.Jobs.Text, leadingComment(tree.Jobs.Text)
	if err := settingsProblems(tree, release.PartJobs); err != nil {
		return nil, err
	}
	doc, err := parseJobs(f.text)
	if err != nil {
		return nil, Problems{{Pos: source.Position{File: tree.Jobs.Path}, Message: "the jobs file cannot be read: " + err.Error(), Hint: "fix it by hand; nothing was written"}}
	}
	f.doc = doc
	for _, j := range list(doc, "periodics") {
		if o, ok := j.(object); ok {
			f.jobs = append(f.jobs, o)
		}
	}
	return f, nil
}

// leadingComment returns the comment lines at the head of a file, including blank
// lines between them.
func leadingComment(text []byte) []byte {
	end := 0
	for at := 0; at < len(text); {
		line := text[at:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		at += len(line)
		switch trimmed := bytes.TrimSpace(line); {
		case bytes.HasPrefix(trimmed, []byte("#")):
			end = at
		case len(trimmed) > 0:
			return text[:end]
		}
	}
	return text[:end]
}

// print writes the file with these periodics. Everything that is not generated
// keeps its bytes. Generated jobs have the style of OpenShift's job tools: sorted
// keys, two spaces, multi-line texts as blocks.
func (f *jobsFile) print(jobs []placed) ([]byte, error) {
	if f.text != nil {
		text, err := f.splice(jobs)
		if err != nil || text != nil {
			return text, err
		}
		if f.foreign(jobs) {
			return nil, Problems{{Pos: source.Position{File: f.path}, Message: "the format of jobs that are not generated cannot be preserved: the list is in brackets, or shares anchors with other jobs",
				Hint: "write each job on lines of its own; nothing was written"}}
		}
	}
	doc := cloneObject(f.doc)
	doc["periodics"] = periodics(jobs)
	text, err := toYAML(doc)
	if err != nil {
		return nil, fmt.Errorf("printing the jobs: %w", err)
	}
	return append(slices.Clone(f.head), text...), nil
}

// foreign reports whether the file holds anything that is not generated.
func (f *jobsFile) foreign(jobs []placed) bool {
	if len(f.doc) > 1 || len(f.doc) == 1 && f.doc["periodics"] == nil {
		return true
	}
	return slices.ContainsFunc(jobs, func(j placed) bool { return !j.generated })
}
