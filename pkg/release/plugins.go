package release

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Updater is the configuration of Prow's config-updater plugin: which files
// become keys of which ConfigMap.
type Updater struct {
	Missing  string           // why nothing is known, "" otherwise
	Problems []source.Problem // of its file
	Maps     []UpdaterMap
}

// UpdaterMap is one entry of it.
type UpdaterMap struct {
	Glob string
	Pos  source.Position
	// Names are those of the ConfigMaps that the keys are spread over: one, or
	// the partitioned_names.
	Names []string
	// Targets are the places of the ConfigMaps. An entry that names no cluster
	// has none: its ConfigMaps go to Prow's own cluster, by whatever name jobs
	// use for it.
	Targets []Target
	// Key is the one key that it makes of the file; "" for the file's base name.
	Key string
}

// Target is a namespace of a build cluster.
type Target struct {
	Cluster   string
	Namespace string // "" is the one of ProwJobs
}

// Reaches reports whether the ConfigMaps of an entry are in a namespace of a
// cluster. It returns true if that is not known, because the entry has no
// clusters, or the job has none and another program sets it.
func (m UpdaterMap) Reaches(cluster, namespace string) bool {
	return len(m.Targets) == 0 || cluster == "" || slices.ContainsFunc(m.Targets, func(t Target) bool {
		return t.Cluster == cluster && (t.Namespace == namespace || t.Namespace == "")
	})
}

// Matches reports whether config-updater takes a file, given by its path from the
// root, for this entry: "*" stays within a folder, "**/" is any number of them.
func (m UpdaterMap) Matches(file string) bool {
	ok, err := doublestar.Match(strings.ReplaceAll(m.Glob, "?", `\?`), file) // "?" is no wildcard there
	return ok && err == nil
}

func (t *Tree) loadUpdater() *Updater {
	file := t.Layout.Plugins
	data := t.Text(file)
	if data == nil {
		return &Updater{Missing: "no " + file + " in the tree"}
	}
	doc := parseYAML(file, data)
	if doc.broken {
		return &Updater{Missing: doc.reason(), Problems: doc.problems}
	}
	out := &Updater{Problems: doc.problems}
	maps := child(doc.root, "config_updater", "maps")
	if maps == nil || maps.Kind != yaml.MappingNode {
		out.Missing = file + " has no config_updater.maps"
		return out
	}
	groups := child(doc.root, "config_updater", "cluster_groups")
	for i := 0; i+1 < len(maps.Content); i += 2 {
		key, value := maps.Content[i], resolve(maps.Content[i+1])
		m := UpdaterMap{Glob: key.Value, Pos: at(file, key)}
		if name := text(child(value, "name")); name != "" {
			m.Names = []string{name}
		}
		for _, name := range items(child(value, "partitioned_names")) {
			m.Names = append(m.Names, text(name))
		}
		m.Key = text(child(value, "key"))
		m.Targets = updaterTargets(value, groups)
		out.Maps = append(out.Maps, m)
	}
	return out
}

// updaterTargets returns the places that an entry names: clusters with their
// namespaces, or groups of them.
func updaterTargets(entry, groups *yaml.Node) []Target {
	var out []Target
	add := func(cluster string, namespaces []*yaml.Node) {
		for _, n := range namespaces {
			out = append(out, Target{cluster, text(n)})
		}
	}
	if clusters := child(entry, "clusters"); clusters != nil && clusters.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(clusters.Content); i += 2 {
			add(clusters.Content[i].Value, items(clusters.Content[i+1]))
		}
		return out
	}
	for _, name := range items(child(entry, "cluster_groups")) {
		group := child(groups, text(name))
		for _, cluster := range items(child(group, "clusters")) {
			add(text(cluster), items(child(group, "namespaces")))
		}
	}
	// The form of before 2021.
	namespaces := items(child(entry, "additional_namespaces"))
	if single := child(entry, "namespace"); text(single) != "" {
		namespaces = append([]*yaml.Node{single}, namespaces...)
	}
	if cluster := text(child(entry, "cluster")); cluster != "" {
		if len(namespaces) == 0 {
			return append(out, Target{Cluster: cluster})
		}
		add(cluster, namespaces)
	}
	return out
}
