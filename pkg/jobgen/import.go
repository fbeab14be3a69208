package jobgen

import (
	"bytes"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// SchemaURL is where editors find the JSON Schema of _job.yaml.
const SchemaURL = "https://raw.githubusercontent.com/mirror-tools/mirror-tools/main/docs/job.schema.json"

// Imported is what [Import] makes of a hand-written jobs file.
type Imported struct {
	Files []File // the settings to write: _job.yaml of every set, _mirror.yaml
	Jobs  []ImportedJob
	// Exact says that Generate gives back the jobs file byte for byte; else it
	// gives the same periodics, as Prow reads them, in another style.
	Exact bool
	Notes []source.Problem // what is lost, such as comments, and what is odd about the whole
}

// ImportedJob is one periodic, or one set without, and what import made of it.
type ImportedJob struct {
	Job      string // name of the periodic; "" when the set has none
	Set      string // "" when the job belongs to no set
	File     string // where its settings are
	Settings []string
	Odd      []string // what a person should look at
}

// Import reads the hand-written jobs of a tree and gives the settings from
// which [Generate] makes the same file. It refuses a tree that has settings of
// jobs already. The error is a [Problems].
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
	im := &importer{tree: tree, old: old, out: &Imported{}, b: builder{template: t, repo: &repo, secrets: secrets{tree.Secrets()}}}
	im.read()
	im.defaults()
	im.write()
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
				Message: "this set has settings already: its job is generated", Hint: "remove the file to import again"})
		}
	}
	for _, key := range [...]string{"adopted", "defaults", "jobs"} {
		if slices.Contains(tree.Settings.Keys(), key) {
			problems = append(problems, source.Problem{Pos: tree.Settings.At(key), Message: key + " is set already: the jobs were imported", Hint: "remove them to import again"})
		}
	}
	if tree.Jobs == nil {
		problems = append(problems, source.Problem{Pos: source.Position{File: tree.Settings.JobsFile}, Message: "there is no jobs file to import", Hint: "run 'mirror-jobgen generate' to make one"})
	}
	return problems.orNil()
}

type importer struct {
	tree *release.Tree
	old  *jobsFile
	b    builder
	out  *Imported
	jobs []*importing

	problems Problems
}

// importing is one periodic on its way.
type importing struct {
	subject
	job object
	// unknown are the fields of the job that Prow ignores; they are left out.
	unknown []string
	node    *release.Job
	full    release.JobSettings // all that settings can say
	least   release.JobSettings // what has to be said
}

// read finds the set of each job and all its settings.
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
		x := &importing{node: node}
		x.job, x.unknown = known(job)
		x.set = sets[node]
		x.name = strings.TrimPrefix(node.Name, namePrefix)
		if x.set != nil {
			x.name = x.set.Name
		}
		x.full = im.b.extract(job)
		im.jobs = append(im.jobs, x)
	}
}

// defaults finds the values that most jobs share and the template does not
// have: they are said once, in _mirror.yaml.
func (im *importer) defaults() {
	template := im.b.extract(im.b.template.value)
	base := reflect.ValueOf(template)
	d := reflect.ValueOf(&im.b.repo.Defaults).Elem()
	for _, name := range [...]string{"Cluster", "Cron", "SecretKey", "Image", "KeepManifestList", "ContinueOnError", "Trace", "Attempts"} {
		votes := map[string]int{}
		for _, x := range im.jobs {
			v := reflect.ValueOf(x.full).FieldByName(name)
			key := fmt.Sprint(reflect.Indirect(v))
			if votes[key]++; votes[key]*2 > len(im.jobs) && !v.IsZero() && !reflect.DeepEqual(v.Interface(), base.FieldByName(name).Interface()) {
				d.FieldByName(name).Set(v)
			}
		}
	}
}

// write makes the settings files.
func (im *importer) write() {
	var loose []release.JobSettings
	bySet := map[string]*importing{}
	for _, x := range im.jobs {
		x.own = &x.full
		x.all = x.full.Over(im.b.repo.Defaults)
		x.full.Patch = diffPatch(im.b.trial(x.subject), x.job)
		x.least = im.b.minimise(x.subject)
		if x.set == nil {
			x.least.Name = x.full.Name
			loose = append(loose, x.least)
			im.note(x, release.SettingsFile)
			continue
		}
		bySet[x.set.Name] = x
		im.note(x, x.set.Dir+"/"+release.JobSettingsName)
	}
	for _, set := range im.tree.Sets {
		file := set.Dir + "/" + release.JobSettingsName
		switch x := bySet[set.Name]; {
		case x != nil:
			im.file(file, "# yaml-language-server: $schema="+SchemaURL+"\n", &x.least)
		case len(set.Files) > 0:
			yes := true
			im.file(file, "# yaml-language-server: $schema="+SchemaURL+"\n", &release.JobSettings{Disabled: &yes})
			im.out.Jobs = append(im.out.Jobs, ImportedJob{Set: set.Name, File: file, Settings: []string{"disabled"},
				Odd: []string{"no periodic runs the mappings of this set: it stays so until disabled is removed"}})
		}
	}
	settings := struct {
		Adopted  bool                  `yaml:"adopted"`
		Defaults *release.JobSettings  `yaml:"defaults,omitempty"`
		Jobs     []release.JobSettings `yaml:"jobs,omitempty"`
	}{Adopted: true, Jobs: loose}
	if !reflect.ValueOf(im.b.repo.Defaults).IsZero() {
		settings.Defaults = &im.b.repo.Defaults
	}
	old := im.tree.Text(release.SettingsFile)
	head := "# Settings of all mirroring jobs, and of those that belong to no set.\n"
	if len(old) > 0 {
		head = strings.TrimSuffix(string(old), "\n") + "\n"
	}
	im.file(release.SettingsFile, head, &settings)
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
	text := strings.TrimSuffix(b.String(), "{}\n")
	im.out.Files = append(im.out.Files, File{Path: name, New: []byte(text)})
}

// verify generates from the new settings and compares.
func (im *importer) verify() error {
	tree := *im.tree
	tree.Sets = nil
	texts := map[string][]byte{}
	for _, f := range im.out.Files {
		texts[f.Path] = f.New
	}
	var problems Problems
	for _, set := range im.tree.Sets {
		s := *set
		file := s.Dir + "/" + release.JobSettingsName
		if text, ok := texts[file]; ok {
			var found []source.Problem
			s.Job, found = release.ParseJobSettings(file, text)
			problems = append(problems, found...)
		}
		tree.Sets = append(tree.Sets, &s)
	}
	if text, ok := texts[release.SettingsFile]; ok {
		var found []source.Problem
		tree.Settings, found = release.ParseSettings(release.SettingsFile, text)
		problems = append(problems, found...)
	}
	if err := problems.orNil(); err != nil {
		return fmt.Errorf("the settings would not be readable: %w", err)
	}
	out, err := Generate(&tree, Options{})
	if err != nil {
		return fmt.Errorf("the settings would not give the jobs: %w", err)
	}
	im.out.Exact = bytes.Equal(out.Jobs.New, im.old.text)
	if im.out.Exact {
		return nil
	}
	again, err := readJobs(&release.Tree{Settings: tree.Settings, Jobs: &release.JobsFile{Text: out.Jobs.New}})
	if err != nil {
		return err
	}
	return im.same(again.jobs)
}

// same compares jobs as Prow reads them.
func (im *importer) same(jobs []object) error {
	var problems Problems
	for i, x := range im.jobs {
		if i >= len(jobs) || !equalAsProw(x.job, jobs[i]) {
			problems = append(problems, source.Problem{Pos: x.node.Pos, Message: "the job " + x.node.Name + " cannot be made from settings", Hint: "write it in another way, without null values"})
		}
	}
	im.out.Notes = append(im.out.Notes, source.Problem{Pos: source.Position{File: im.tree.Jobs.Path}, Severity: source.Info,
		Message: "the file is not in the style of generated files: generate writes the same periodics with sorted keys"})
	return problems.orNil()
}

// readme tells how the list of sets comes to be generated, where a README could
// have it.
func (im *importer) readme() {
	text, err := fs.ReadFile(im.tree.FS, readmeFile)
	if err != nil || bytes.Contains(text, []byte(listBegin)) {
		return
	}
	im.out.Notes = append(im.out.Notes, source.Problem{Pos: source.Position{File: readmeFile}, Severity: source.Info,
		Message: "the list of sets is not generated", Hint: "put these two lines around it: " + listBegin + " and " + listEnd})
}

// comments reports what generate will not print again.
func (im *importer) comments() {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, c := range [...]string{n.HeadComment, n.LineComment, n.FootComment} {
			first, _, _ := strings.Cut(c, "\n")
			if c == "" || bytes.Contains(im.old.head, []byte(first)) {
				continue
			}
			im.out.Notes = append(im.out.Notes, source.Problem{Pos: source.Position{File: im.tree.Jobs.Path, Line: n.Line}, Severity: source.Warning,
				Message: "this comment is lost when the file is generated: " + first, Hint: "move it to the set's " + release.JobSettingsName})
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	if im.tree.Jobs.Root != nil {
		walk(im.tree.Jobs.Root)
	}
}
