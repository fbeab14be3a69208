package jobgen

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// NewOptions describe a new set. Empty fields follow the majority of the existing
// sets.
type NewOptions struct {
	Name         string
	Sources      []string // one for each of Destinations, in the same order
	Destinations []string
	Approvers    []string            // logins or aliases
	Job          release.JobSettings // only Runner, Cron, Image, Cluster, Secret and SecretKey are used
}

// NewSet is the result of [New].
type NewSet struct {
	Files     []File // of the set's folder
	Generated *Output
	Todo      []Step // the remaining manual steps
}

// Step is one manual step.
type Step struct {
	Title string
	Text  string // with the snippets for this set
}

var setName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// New creates a set: its mapping file, OWNERS and _job.yaml, and its job in the
// jobs file. The rest of the jobs file does not change. It returns a [Problems]
// if the set would collide with an existing folder, key of the ConfigMap,
// destination or mapping of another set.
func New(tree *release.Tree, o NewOptions) (*NewSet, error) {
	n := &newSet{tree: tree, o: o, dir: tree.Layout.Set(o.Name), key: mappingName + release.Fold(o.Name)}
	n.check()
	if err := n.problems.orNil(); err != nil {
		return nil, err
	}
	var err error
	if n.like, err = conventionsOf(tree); err != nil {
		return nil, err
	}
	job := n.like.settings(o.Job)
	known := n.secret(&job)
	set := &release.Set{Name: o.Name, Dir: n.dir, Files: []*release.MappingFile{{File: n.file, Base: n.key, Path: n.dir + "/" + n.key}}}
	least, err := n.like.least(set, job)
	if err != nil {
		return nil, err
	}
	text, err := jobText(least)
	if err != nil {
		return nil, err
	}
	files := []File{
		{Path: n.dir + "/OWNERS", New: ownersText(o.Approvers)},
		{Path: n.dir + "/" + release.JobSettingsName, New: text},
		{Path: n.dir + "/" + n.key, New: n.file.Bytes()},
	}
	out, err := regenerate(tree, files, Options{Only: []string{o.Name}})
	if err != nil {
		return nil, err
	}
	out.Notes = slices.Concat(untagged(n.file), n.notes, out.Notes)
	return &NewSet{Files: files, Generated: out, Todo: n.todo(job, known)}, nil
}

type newSet struct {
	tree     *release.Tree
	o        NewOptions
	dir, key string
	file     *mapping.File
	like     *conventions
	notes    []source.Problem
	problems Problems
}

func (n *newSet) problem(file, hint, format string, args ...any) {
	n.problems = append(n.problems, source.Problem{Pos: source.Position{File: file}, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (n *newSet) check() {
	if !setName.MatchString(n.o.Name) {
		n.problem(n.dir, "use lower-case letters, digits and '-'", "%q is not a valid set name", n.o.Name)
		return
	}
	if _, err := fs.Stat(n.tree.FS, n.dir); err == nil {
		n.problem(n.dir, "choose another name, or add to its mapping files", "the set already exists")
		return
	}
	if len(n.o.Approvers) == 0 {
		n.problem(n.dir+"/OWNERS", "name at least one with --approver", "a set needs an approver")
	}
	for _, a := range n.o.Approvers {
		if a == "" || strings.ContainsAny(a, " \t\n:#{}[],") {
			n.problem(n.dir+"/OWNERS", "give a login or an alias", "%q is not a login", a)
		}
	}
	if len(n.o.Sources) == 0 || len(n.o.Sources) != len(n.o.Destinations) {
		n.problem(n.dir, "give --source and --destination in pairs", "%d sources and %d destinations", len(n.o.Sources), len(n.o.Destinations))
		return
	}
	file, problems := lines(n.tree, n.dir+"/"+n.key, n.o.Sources, n.o.Destinations)
	n.problems = append(n.problems, problems...)
	if n.file = file; file != nil {
		n.conflicts()
	}
}

// conflicts reports mapping files that the new job or another job would mirror by
// mistake.
func (n *newSet) conflicts() {
	for _, f := range n.tree.Mappings() {
		if strings.HasPrefix(f.Base, n.key) {
			n.problem(f.Path, "choose another name", "the new job's pattern %s* would also match this file", n.key)
		}
	}
	n.problems = append(n.problems, written(n.tree, n.file)...)
	for _, j := range jobsOf(n.tree) {
		for _, g := range j.Mappings.Globs {
			if ok, err := path.Match(g.Pattern, n.key); ok && err == nil {
				n.problems = append(n.problems, source.Problem{Pos: g.Pos, Message: fmt.Sprintf("the job %s would also mirror %s, with its own credentials", j.Name, n.key), Hint: "choose another name"})
			}
		}
	}
}

// targets returns the organisations that the set pushes to.
func (n *newSet) targets() []string {
	return targets(&release.Set{Files: []*release.MappingFile{{File: n.file}}})
}

// secret finds the secret and its key, and reports whether anything creates it.
func (n *newSet) secret(job *release.JobSettings) (known bool) {
	all := n.like.b.secrets
	cluster, namespace := n.cluster(*job), n.tree.Settings.Namespace
	target := n.targets()[0]
	if job.Secret == "" {
		names := []string{n.like.secretName(target), n.like.secretNamed(target, n.o.Name)}
		if list := all.suggest([]string{target}, cluster, namespace); len(list) > 0 && all.good(list[0], target) {
			names = slices.Insert(names, 0, list[0])
		}
		n.choose(job, names)
	}
	if n.o.Job.SecretKey == "" {
		if keys := all.keys(job.Secret, cluster, namespace); len(keys) == 1 {
			job.SecretKey = keys[0]
		}
	}
	return all.known(job.Secret, cluster, namespace)
}

// choose takes the first secret that does not belong to another set, or the last.
func (n *newSet) choose(job *release.JobSettings, names []string) {
	for i, name := range names {
		job.Secret = name
		owner := n.like.owners[name]
		if owner == "" || n.tree.Settings.Allows(n.o.Name, release.PowerSecret) {
			return
		}
		if i == 0 {
			n.notes = append(n.notes, source.Problem{Pos: source.Position{File: n.dir + "/" + release.JobSettingsName}, Severity: source.Info,
				Message: fmt.Sprintf("the secret %s belongs to the set %s: %s gets one of its own", name, owner, n.o.Name),
				Hint:    fmt.Sprintf("to share it, have the owners of %s add allow: {%s: [%s]}, and pass --secret", n.tree.Layout.Settings(), n.o.Name, release.PowerSecret)})
		}
	}
}

// cluster returns the cluster of the new job.
func (n *newSet) cluster(job release.JobSettings) string {
	return cmp.Or(job.Cluster, n.tree.Settings.Defaults.Cluster, str(n.like.b.template.value, "cluster"))
}

func ownersText(approvers []string) []byte {
	var b strings.Builder
	for _, role := range [...]string{"approvers", "reviewers"} {
		b.WriteString(role + ":\n")
		for _, a := range approvers {
			b.WriteString("- " + plainScalar(a) + "\n")
		}
	}
	return []byte(b.String())
}

// plainScalar quotes a login where YAML would not read it as text, such as "null"
// and "1e3".
func plainScalar(s string) string {
	out, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func jobText(settings release.JobSettings) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# yaml-language-server: $schema=" + SchemaURL + "\n")
	if len(settingNames(settings)) == 0 {
		return b.Bytes(), nil
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(&settings)
	return b.Bytes(), err
}
