package release

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// manifest has the relevant fields of a Kubernetes object or a list of them.
type manifest struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"metadata"`
	Items   []manifest `yaml:"items"`   // of a List
	Objects []manifest `yaml:"objects"` // of a Template

	RoleRef struct {
		Kind      string `yaml:"kind"`
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"roleRef"`
	Subjects []struct {
		Kind      string `yaml:"kind"`
		Namespace string `yaml:"namespace"`
		Name      string `yaml:"name"`
	} `yaml:"subjects"`
	UserNames  []string   `yaml:"userNames"`  // of authorization.openshift.io/v1
	GroupNames []string   `yaml:"groupNames"` // likewise
	Rules      []roleRule `yaml:"rules"`

	Spec struct {
		Tags []struct {
			Name string `yaml:"name"`
		} `yaml:"tags"`
		Output struct {
			To struct {
				Kind      string `yaml:"kind"`
				Name      string `yaml:"name"`
				Namespace string `yaml:"namespace"`
			} `yaml:"to"`
		} `yaml:"output"`
	} `yaml:"spec"`

	line int
}

// UnmarshalYAML keeps the line of each object. It ignores fields of a wrong
// type: the cluster validates manifests.
func (m *manifest) UnmarshalYAML(n *yaml.Node) error {
	type plain manifest
	_ = n.Decode((*plain)(m))
	m.line = n.Line
	return nil
}

func loadManifests(t *Tree) *Manifests {
	fsys := t.FS
	m := &Manifests{
		Namespaces: map[string]source.Position{}, roles: map[roleKey]Role{},
		tags: map[ImageTag]source.Position{}, streams: map[Stream]bool{},
	}
	files := manifestFiles(fsys, t.Layout.ManifestDirs())
	read := make([][]manifest, len(files))
	problems := make([]*source.Problem, len(files))
	var size atomic.Int64
	flight.Each(len(files), runtime.GOMAXPROCS(0), func(i int) { read[i], problems[i] = readManifestFile(fsys, files[i], &size) })
	for _, p := range problems {
		if p != nil {
			m.Problems = append(m.Problems, *p)
		}
	}
	if size.Load() > maxManifests {
		m.Problems = append(m.Problems, source.Problem{
			Message: fmt.Sprintf("the manifests in %s have more than %d MiB: none of them is known", strings.Join(t.Layout.ManifestDirs(), ", "), maxManifests>>20),
			Pos:     source.Position{File: t.Layout.ManifestDirs()[0]},
		})
		return m
	}
	for i, objects := range read {
		if len(objects) > 0 {
			m.Files++
		}
		for _, o := range objects {
			m.add(files[i], o)
		}
	}
	return m
}

// readManifestFile reads one file. A file that cannot be read is a problem, a
// mistake in a manifest is not.
func readManifestFile(fsys fs.FS, name string, read *atomic.Int64) ([]manifest, *source.Problem) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, &source.Problem{Pos: source.Position{File: name}, Message: fmt.Sprintf("the file cannot be read: %v", withoutPath(err))}
	}
	all, size, err := readManifests(data)
	if read.Add(int64(size)) > maxManifests {
		return nil, nil // all of them are left out
	}
	var beyond *boundsError
	if errors.As(err, &beyond) {
		return nil, &source.Problem{Pos: source.Position{File: name, Line: beyond.line}, Message: "the file is not read: " + beyond.Error(), Hint: beyond.hint}
	}
	return all, nil
}

// manifestFiles returns the YAML files below folders; links are not followed.
func manifestFiles(fsys fs.FS, dirs []string) []string {
	var files []string
	for i, dir := range dirs {
		above := func(other string) bool { return other == dir || strings.HasPrefix(dir, other+"/") }
		if slices.ContainsFunc(dirs[:i], above) {
			continue // its files are in the list
		}
		_ = fs.WalkDir(fsys, dir, func(name string, e fs.DirEntry, err error) error {
			ext := path.Ext(name)
			if err == nil && e.Type().IsRegular() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(path.Base(name), "_") {
				files = append(files, name)
			}
			return nil
		})
	}
	return files
}

// readManifests returns the relevant documents of a file and their total size
// in bytes. The error is a [boundsError] or nil.
func readManifests(data []byte) (all []manifest, size int, err error) {
	line := 0
	for len(data) > 0 {
		doc, rest := data, []byte(nil)
		if i := bytes.Index(data, []byte("\n---")); i >= 0 {
			doc, rest = data[:i+1], data[i+1:]
			if j := bytes.IndexByte(rest, '\n'); j >= 0 {
				rest = rest[j+1:]
			} else {
				rest = nil
			}
		}
		if interesting(doc) {
			size += len(doc)
			m, e := readManifest(doc)
			var beyond *boundsError
			switch {
			case errors.As(e, &beyond):
				if beyond.line > 0 {
					beyond.line += line
				}
				return nil, size, beyond
			case e == nil:
				m.shift(line)
				all = append(all, m)
			}
		}
		line += bytes.Count(doc, []byte{'\n'}) + 1
		data = rest
	}
	return all, size, nil
}

// readManifest reads one document.
func readManifest(doc []byte) (manifest, error) {
	var m manifest
	root, err := readNode(doc)
	if err != nil {
		return m, err
	}
	return m, root.Decode(&m)
}

// interesting reports whether a document may contain a manifest of a relevant
// kind, so that others are not decoded.
func interesting(doc []byte) bool {
	for _, kind := range []string{
		"RoleBinding", "kind: Role", "kind: ClusterRole", "kind: Namespace", "kind: Project", "kind: ImageStream", "kind: BuildConfig",
	} {
		if bytes.Contains(doc, []byte(kind)) {
			return true
		}
	}
	return false
}

func (m *manifest) shift(lines int) {
	m.line += lines
	for _, list := range [][]manifest{m.Items, m.Objects} {
		for i := range list {
			list[i].shift(lines)
		}
	}
}

func (m *Manifests) add(file string, o manifest) {
	for _, list := range [][]manifest{o.Items, o.Objects} {
		for _, item := range list {
			m.add(file, item)
		}
	}
	pos := source.Position{File: file, Line: o.line}
	name, namespace := o.Metadata.Name, o.Metadata.Namespace
	switch o.Kind {
	case "Namespace", "Project":
		if _, ok := m.Namespaces[name]; !ok {
			m.Namespaces[name] = pos
		}
	case "Role":
		m.roles[roleKey{namespace, name}] = Role{pos, o.Rules}
	case "ClusterRole":
		m.roles[roleKey{"", name}] = Role{pos, o.Rules}
	case "RoleBinding":
		if namespace != "" { // else it is in the current namespace
			m.bind(o, namespace, pos)
		}
	case "ClusterRoleBinding":
		m.bind(o, "", pos)
	case "ImageStream":
		stream := Stream{namespace, name}
		m.streams[stream] = m.streams[stream] || len(o.Spec.Tags) > 0
		for _, t := range o.Spec.Tags {
			m.tags[ImageTag{stream, t.Name}] = pos
		}
	case "BuildConfig":
		if to := o.Spec.Output.To; to.Kind == "ImageStreamTag" {
			if to.Namespace != "" {
				namespace = to.Namespace
			}
			stream, tag, _ := strings.Cut(to.Name, ":")
			m.tags[ImageTag{Stream{namespace, stream}, tag}] = pos
		}
	}
}

func (m *Manifests) bind(o manifest, namespace string, pos source.Position) {
	g := Grant{Namespace: namespace, Role: o.RoleRef.Name, Binding: o.Metadata.Name, Pos: pos}
	// The older API identifies a role of the namespace by its namespace alone.
	g.ClusterRole = o.RoleRef.Kind == "ClusterRole" || o.RoleRef.Kind == "" && o.RoleRef.Namespace == ""
	give := func(s Subject) {
		g.Subject = s
		m.Grants = append(m.Grants, g)
	}
	for _, s := range o.Subjects {
		kind := strings.TrimPrefix(s.Kind, "System") // SystemGroup, SystemUser of the older API
		give(Subject{kind, s.Namespace, s.Name})
	}
	if len(o.Subjects) > 0 {
		return
	}
	for _, name := range o.UserNames {
		give(Subject{Kind: "User", Name: name})
	}
	for _, name := range o.GroupNames {
		give(Subject{Kind: "Group", Name: name})
	}
}
