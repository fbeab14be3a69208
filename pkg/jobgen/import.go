package jobgen

import (
	"bytes"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/overlay"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// SchemaURL is the address of the JSON Schema of _job.yaml.
const SchemaURL = "https://raw.githubusercontent.com/mirror-tools/mirror-tools/main/docs/job.schema.json"

// Imported is the result of [Import].
type Imported struct {
	Files []File // the settings to write: _job.yaml of every set, _mirror.yaml
	Jobs  []ImportedJob
	// Exact reports whether Generate reproduces the jobs file byte for byte.
	// Otherwise it produces periodics that Prow reads the same, in another style.
	Exact bool
	Notes []source.Problem // what is lost, such as comments, and what is unusual
}

// ImportedJob is an imported periodic, or a set without one.
type ImportedJob struct {
	Job      string // name of the periodic; "" when the set has none
	Set      string // "" when the job belongs to no set
	File     string // with its settings
	Settings []string
	RunBy    string          // the set or periodic that runs the mappings, if the set has no job
	Pos      source.Position // start of the periodic in the jobs file
}

// Import reads the hand-written jobs of a tree and returns the settings from
// which [Generate] reproduces them. It rejects a tree that already has settings of
// jobs. The error is a [Problems].
func Import(tree *release.Tree) (*Imported, error) {
	if err := importable(tree); err != nil {
		return nil, err
	}
	t, err := templateOf(tree, nil)
	if err != nil {
		return nil, err
	}
	old, err := readJobs(tree)
	if err != nil {
		return nil, err
	}
	repo := *tree.Settings
	im := &importer{tree: tree, old: old, out: &Imported{}, said: said{Adopted: true}, b: newBuilder(t, tree, &repo)}
	im.read()
	im.voting().defaults()
	im.write()
	im.check()
	if err := im.problems.orNil(); err != nil {
		return nil, err
	}
	if err := im.verify(); err != nil {
		return nil, err
	}
	im.comments()
	im.readme()
	return im.out, nil
}

func importable(tree *release.Tree) error {
	if err := settingsProblems(tree); err != nil {
		return err
	}
	var problems Problems
	for _, s := range tree.Sets {
		if s.Job != nil {
			problems = append(problems, source.Problem{Pos: source.Position{File: s.Dir + "/" + release.JobSettingsName},
				Message: "this set already has settings: its job is generated", Hint: "remove the file to import again"})
		}
	}
	for _, key := range [...]string{"adopted", "defaults", "jobs"} {
		if slices.Contains(tree.Settings.Keys(), key) {
			problems = append(problems, source.Problem{Pos: tree.Settings.At(key), Message: key + " is already set: the jobs were imported before", Hint: "remove them to import again"})
		}
	}
	if tree.Jobs == nil {
		problems = append(problems, source.Problem{Pos: source.Position{File: tree.Layout.Jobs}, Message: "there is no jobs file to import", Hint: "run 'mirror-jobgen generate' to create one"})
	}
	return problems.orNil()
}

type importer struct {
	tree *release.Tree
	old  *jobsFile
	b    builder
	out  *Imported
	jobs []*importing
	said said

	problems Problems
}

// said holds the settings that import writes to _mirror.yaml.
type said struct {
	Adopted         bool                    `yaml:"adopted"`
	MirrorImage     string                  `yaml:"mirror_image,omitempty"`
	PullCredentials release.PullCredentials `yaml:"pull_credentials,omitempty"`
	Allow           release.Allow           `yaml:"allow,omitempty"`
	Entrypoint      release.Entrypoint      `yaml:"entrypoint,omitempty"`
	Defaults        release.JobSettings     `yaml:"defaults,omitempty"`
	Jobs            []release.JobSettings   `yaml:"jobs,omitempty"`
}

// importing is one periodic while it is imported.
type importing struct {
	subject
	job object
	// unknown are the fields of the job that Prow ignores; they are dropped.
	unknown []string
	node    *release.Job
	place   int                 // among the jobs of the file
	full    release.JobSettings // every setting of the job
	least   release.JobSettings // the settings that are needed
}

// read finds the set of each job that mirrors images, and all its settings.
func (im *importer) read() {
	sets := map[*release.Job]*release.Set{}
	for set, j := range associate(im.tree) {
		sets[j] = set
	}
	for i, job := range im.old.jobs {
		if i >= len(im.tree.Jobs.Jobs) {
			return
		}
		node := im.tree.Jobs.Jobs[i]
		x := &importing{node: node, place: i}
		x.job, x.unknown = known(job)
		x.set = sets[node]
		if x.set == nil && !node.Mirrors {
			im.out.Notes = append(im.out.Notes, source.Problem{Pos: node.Pos, Severity: source.Info,
				Message: "the job " + node.Name + " does not mirror images: it stays hand-written"})
			continue
		}
		x.name = im.tree.SetName(node.Name)
		if x.set != nil {
			x.name = x.set.Name
		}
		x.full = im.b.extract(job)
		im.jobs = append(im.jobs, x)
	}
}

// settleAll finds the settings of all jobs. Common parts of their patches become
// defaults.
func (im *importer) settleAll() {
	for _, x := range im.jobs {
		im.settle(x)
	}
	im.voting().envOrder()
	common := sharedPatch(im.jobs)
	im.b.repo.Defaults.Patch = common
	for _, x := range im.jobs {
		if common != nil {
			x.full.Patch = nil
			x.full.Patch = jobPatch(im.b.trial(x.subject), x.job)
		}
		x.least = im.b.minimise(x.subject)
	}
}

// settle finds the settings of one job, and a patch for the rest.
func (im *importer) settle(x *importing) {
	env, labels := x.full.Env, x.full.Labels
	x.full.Env, x.full.Labels = nil, nil
	x.own, x.all = &x.full, x.full.Over(im.b.repo.Defaults)
	without := im.b.extract(im.b.trial(x.subject))
	x.full.Env, x.full.Labels = fit(env, without.Env), fit(labels, without.Labels)
	x.all = x.full.Over(im.b.repo.Defaults)
	made := im.b.trial(x.subject)
	if made == nil {
		im.problems = append(im.problems, source.Problem{Pos: x.node.Pos, Message: "the job " + x.node.Name + " cannot be expressed as settings",
			Hint: "compare it with the other jobs of the file"})
		return
	}
	x.full.Patch = jobPatch(made, x.job)
}

// check reports what Prow would reject, with its place in the jobs file.
func (im *importer) check() {
	for _, x := range im.jobs {
		for _, r := range refusals(x.job) {
			im.problems = append(im.problems, source.Problem{Pos: x.node.Pos, Message: r.message, Hint: r.hint})
		}
	}
}

// write builds the settings files.
func (im *importer) write() {
	im.settleAll()
	var loose []release.JobSettings
	bySet := map[string]*importing{}
	for _, x := range im.jobs {
		if x.set == nil {
			x.least.Name = x.full.Name
			loose = append(loose, x.least)
			im.note(x, im.tree.Layout.Settings())
			continue
		}
		bySet[x.set.Name] = x
		im.note(x, x.set.Dir+"/"+release.JobSettingsName)
	}
	for _, set := range im.tree.Sets {
		file := set.Dir + "/" + release.JobSettingsName
		switch x := bySet[set.Name]; {
		case x != nil:
			im.file(file, "", &x.least)
		case len(set.Files) > 0:
			settings := im.withoutJob(set)
			im.file(file, "", &settings)
			im.out.Jobs = append(im.out.Jobs, ImportedJob{Set: set.Name, File: file, Settings: settingNames(settings), RunBy: settings.RunBy})
		}
	}
	im.said.Jobs = loose
	im.said.Defaults = im.b.repo.Defaults
	im.allow()
	old := im.tree.Text(im.tree.Layout.Settings())
	head := "# Settings of all mirroring jobs, and of those that belong to no set.\n"
	if len(old) > 0 {
		head = strings.TrimSuffix(string(old), "\n") + "\n"
	}
	im.file(im.tree.Layout.Settings(), head, &im.said)
	im.out.Files[len(im.out.Files)-1].Old = old
}

func (im *importer) file(name, head string, settings any) {
	var b bytes.Buffer
	b.WriteString(head)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(settings); err != nil {
		im.problems = append(im.problems, source.Problem{Pos: source.Position{File: name}, Message: "the settings cannot be printed: " + err.Error(), Hint: "please report this, with the job"})
	}
	text := b.String()
	if text == "{}\n" {
		text = "# Nothing differs from the defaults.\n"
	}
	im.out.Files = append(im.out.Files, File{Path: name, New: []byte(text)})
}

// verify generates the jobs from the new settings and compares them.
func (im *importer) verify() error {
	texts := map[string][]byte{}
	for _, f := range im.out.Files {
		texts[f.Path] = f.New
	}
	tree, err := release.Load(overlay.FS{Base: im.tree.FS, Files: texts}, release.WithLayout(im.tree.Layout))
	if err == nil {
		err = settingsProblems(tree)
	}
	if err != nil {
		return fmt.Errorf("the new settings cannot be read: %w", err)
	}
	out, err := Generate(tree, Options{})
	if err != nil {
		return fmt.Errorf("the new settings do not produce the jobs: %w", err)
	}
	if err := Load(out.Jobs.New, ""); err != nil {
		return Problems{{Pos: source.Position{File: im.tree.Jobs.Path}, Message: err.Error(), Hint: "fix the jobs first; nothing was written"}}
	}
	im.out.Exact = bytes.Equal(out.Jobs.New, im.old.text)
	if im.out.Exact {
		return nil
	}
	again, err := readJobs(&release.Tree{Layout: tree.Layout, Settings: tree.Settings, Jobs: &release.JobsFile{Text: out.Jobs.New}})
	if err != nil {
		return err
	}
	return im.same(again.jobs)
}

// same compares jobs as Prow reads them.
func (im *importer) same(jobs []object) error {
	var problems Problems
	for _, x := range im.jobs {
		if x.place >= len(jobs) || !equalAsProw(x.job, jobs[x.place]) {
			problems = append(problems, source.Problem{Pos: x.node.Pos, Message: "the job " + x.node.Name + " cannot be expressed as settings", Hint: "remove its null values"})
		}
	}
	im.out.Notes = append(im.out.Notes, source.Problem{Pos: source.Position{File: im.tree.Jobs.Path}, Severity: source.Info,
		Message: "the file does not have the style of generated files: 'generate' writes the same periodics with sorted keys"})
	return problems.orNil()
}

// readme adds a note about how to generate the list of sets in the README.
func (im *importer) readme() {
	text, err := fs.ReadFile(im.tree.FS, im.tree.Layout.Readme())
	if err != nil || bytes.Contains(text, []byte(listBegin)) {
		return
	}
	im.out.Notes = append(im.out.Notes, source.Problem{Pos: source.Position{File: im.tree.Layout.Readme()}, Severity: source.Info,
		Message: "the list of sets is not generated", Hint: "put these two lines around it: " + listBegin + " and " + listEnd})
}

// comments warns about comments that generate does not keep.
func (im *importer) comments() {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, c := range [...]string{n.HeadComment, n.LineComment, n.FootComment} {
			first, _, _ := strings.Cut(c, "\n")
			if c == "" || bytes.Contains(im.old.head, []byte(first)) {
				continue
			}
			im.out.Notes = append(im.out.Notes, source.Problem{Pos: source.Position{File: im.tree.Jobs.Path, Line: n.Line}, Severity: source.Warning,
				Message: "generating the file drops this comment: " + first, Hint: "move it to the set's " + release.JobSettingsName})
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	if im.tree.Jobs.Root != nil {
		walk(im.tree.Jobs.Root)
	}
}

// note records an imported job.
func (im *importer) note(x *importing, file string) {
	j := ImportedJob{Job: x.node.Name, File: file, Settings: settingNames(x.least),
		Pos: source.Position{File: im.tree.Jobs.Path, Line: x.node.Node.Line, Column: x.node.Node.Column}}
	if x.set != nil {
		j.Set = x.set.Name
	}
	im.out.Jobs = append(im.out.Jobs, j)
	for _, field := range x.unknown {
		im.out.Notes = append(im.out.Notes, source.Problem{Pos: x.node.Pos, Severity: source.Warning,
			Message: "Prow does not know the field " + field + " of " + x.node.Name + ": it is dropped", Hint: "see Prow's job configuration"})
	}
}

// settingNames returns the names of all non-empty settings in order.
func settingNames(s release.JobSettings) []string {
	var out []string
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() && !v.Field(i).IsZero() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			out = append(out, name)
		}
	}
	return out
}
