package jobgen

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// NewOptions say what a new set is to mirror.
type NewOptions struct {
	Name         string
	Sources      []string // as many as Destinations: each goes to the one at its place
	Destinations []string
	Approvers    []string // logins or aliases
	Secret       string   // "" finds the most likely one
}

// NewSet is what [New] makes.
type NewSet struct {
	Files     []File // of the set's folder
	Generated *Output
	Secret    string
	Todo      []Step // what only people can do
}

// Step is one thing that people have to do.
type Step struct {
	Title string
	Text  string // with the snippets for this set
}

var setName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// New makes a new set of a tree: its mapping file, OWNERS and _job.yaml, and
// the jobs file with its job. It refuses, with a [Problems], whatever would
// overwrite something that is there: a folder, a key of the ConfigMap, a
// destination, another set's mappings.
func New(tree *release.Tree, o NewOptions) (*NewSet, error) {
	n := &newSet{tree: tree, o: o, dir: tree.Layout.Set(o.Name), key: "mapping_" + strings.ReplaceAll(o.Name, "-", "_")}
	n.check()
	if err := n.problems.orNil(); err != nil {
		return nil, err
	}
	secret, known := n.secret()
	files := []File{
		{Path: n.dir + "/OWNERS", New: ownersText(o.Approvers)},
		{Path: n.dir + "/" + release.JobSettingsName, New: jobText(o.Name, secret, known)},
		{Path: n.dir + "/" + n.key, New: n.file.Bytes()},
	}
	added := overlay{FS: tree.FS, files: map[string][]byte{}}
	for _, f := range files {
		added.files[f.Path] = f.New
	}
	next, err := release.Load(added, release.WithLayout(tree.Layout))
	if err != nil {
		return nil, err
	}
	out, err := Generate(next, Options{})
	if err != nil {
		return nil, err
	}
	out.Notes = append(n.untagged(), out.Notes...)
	return &NewSet{Files: files, Generated: out, Secret: secret, Todo: n.todo(secret, known)}, nil
}

type newSet struct {
	tree     *release.Tree
	o        NewOptions
	dir, key string
	file     *mapping.File
	problems Problems
}

func (n *newSet) problem(file, hint, format string, args ...any) {
	n.problems = append(n.problems, source.Problem{Pos: source.Position{File: file}, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (n *newSet) check() {
	if !setName.MatchString(n.o.Name) {
		n.problem(n.dir, "use lower-case letters, digits and '-'", "%q is no name for a set", n.o.Name)
		return
	}
	if _, err := fs.Stat(n.tree.FS, n.dir); err == nil {
		n.problem(n.dir, "choose another name, or add to its mapping files", "the set is there already")
		return
	}
	if len(n.o.Approvers) == 0 {
		n.problem(n.dir+"/OWNERS", "name at least one with --approver", "a set needs somebody who approves its changes")
	}
	for _, a := range n.o.Approvers {
		if a == "" || strings.ContainsAny(a, " \t\n:#{}[],") {
			n.problem(n.dir+"/OWNERS", "give a login or an alias", "%q is no login", a)
		}
	}
	if len(n.o.Sources) == 0 || len(n.o.Sources) != len(n.o.Destinations) {
		n.problem(n.dir, "give --source and --destination in pairs", "%d sources and %d destinations", len(n.o.Sources), len(n.o.Destinations))
		return
	}
	var text bytes.Buffer
	for i, src := range n.o.Sources {
		if strings.ContainsAny(src+n.o.Destinations[i], " \t\r\n=#") {
			n.problem(n.dir+"/"+n.key, "write HOST/REPOSITORY:TAG", "%q to %q is no pair of images", src, n.o.Destinations[i])
			return
		}
		fmt.Fprintf(&text, "%s %s\n", src, n.o.Destinations[i])
	}
	n.file = mapping.Parse(n.dir+"/"+n.key, text.Bytes())
	n.problems = append(n.problems, n.file.Problems...)
	n.conflicts()
}

// conflicts reports what the new set would take from others, or they from it.
func (n *newSet) conflicts() {
	for _, f := range n.tree.Mappings() {
		if strings.HasPrefix(f.Base, n.key) {
			n.problem(f.Path, "choose another name", "the new job's pattern %s* would pick this file up", n.key)
		}
		for old := range f.Pairs() {
			for p := range n.file.Pairs() {
				if p.Destination.Canonical() == old.Destination.Canonical() {
					n.problems = append(n.problems, source.Problem{Pos: old.Destination.Pos, Message: old.Destination.Text + " is mirrored to already, here", Hint: "choose another destination"})
				}
			}
		}
	}
	if n.tree.Jobs == nil {
		return
	}
	for _, j := range n.tree.Jobs.Jobs {
		for _, g := range j.Mappings.Globs {
			if ok, err := path.Match(g.Pattern, n.key); ok && err == nil {
				n.problems = append(n.problems, source.Problem{Pos: g.Pos, Message: fmt.Sprintf("the job %s would pick up %s, with its own credentials", j.Name, n.key), Hint: "choose another name"})
			}
		}
	}
}

// untagged says which tag a destination without one gets: that of its source.
func (n *newSet) untagged() []source.Problem {
	var notes []source.Problem
	for e := range n.file.Entries() {
		for _, d := range e.Destinations {
			if d.Tag == "" && e.Source.Tag != "" && !e.Source.Wildcard() {
				notes = append(notes, source.Problem{Pos: d.Pos, Severity: source.Info, Hint: "write the tag if it is to be another, such as " + d.Text + ":latest",
					Message: d.Text + " gets the tag of its source: " + e.Source.Tag})
			}
		}
	}
	return notes
}

// targets are the organisations that the set pushes to.
func (n *newSet) targets() []string {
	return targets(&release.Set{Files: []*release.MappingFile{{File: n.file}}})
}

// secret finds the secret, and says whether anything creates it.
func (n *newSet) secret() (name string, known bool) {
	all := secrets{n.tree.Secrets()}
	cluster, namespace := n.cluster(), n.tree.Settings.Namespace
	if n.o.Secret != "" {
		return n.o.Secret, all.known(n.o.Secret, cluster, namespace)
	}
	if list := all.suggest(n.targets()[:1], cluster, namespace); len(list) > 0 && all.good(list[0], n.targets()[0]) {
		return list[0], true
	}
	_, org, _ := strings.Cut(n.targets()[0], "/")
	host, _, _ := strings.Cut(n.targets()[0], "/")
	return "registry-push-credentials-" + strings.ReplaceAll(host, ":", "-") + "-" + org, false
}

// cluster is the cluster that the new job runs on.
func (n *newSet) cluster() string {
	if c := n.tree.Settings.Defaults.Cluster; c != "" {
		return c
	}
	t, err := templateOf(n.tree, nil)
	if err != nil {
		return ""
	}
	return str(t.value, "cluster")
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

// plainScalar writes a login so that YAML reads it as text: "null" and "1e3"
// are logins too.
func plainScalar(s string) string {
	out, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func jobText(name, secret string, known bool) []byte {
	text := "# yaml-language-server: $schema=" + SchemaURL + "\n"
	if !known || secret != "registry-push-credentials-quay.io-"+name {
		text += "secret: " + plainScalar(secret) + "\n"
	}
	return []byte(text)
}
