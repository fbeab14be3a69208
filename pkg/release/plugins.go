package release

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Updater is the configuration of Prow's config-updater plugin: which files
// become keys of which ConfigMap.
type Updater struct {
	Missing  string           // why nothing is known, "" otherwise
	Problems []source.Problem // of its file
	Maps     []UpdaterMap
}

// UpdaterMap is one entry of the configuration of config-updater.
type UpdaterMap struct {
	Glob string
	Pos  source.Position
	// Names are the names of the ConfigMaps for the keys: one, or the
	// partitioned_names.
	Names    []string
	NamesPos source.Position // of the first name, or of the entry
	// Targets are the clusters and namespaces of the ConfigMaps. An entry
	// without clusters has no targets: its ConfigMaps go to Prow's own cluster,
	// for which jobs may use any name.
	Targets []Target
}

// Target is a namespace of a build cluster.
type Target struct {
	Cluster   string
	Namespace string // "" is the one of ProwJobs
	Pos       source.Position
}

// Reaches reports whether the ConfigMaps of an entry are in a namespace of a
// cluster. It returns true if that is unknown: the entry has no clusters, or
// the job has none because another program sets it.
func (m UpdaterMap) Reaches(cluster, namespace string) bool {
	return len(m.Targets) == 0 || cluster == "" || slices.ContainsFunc(m.Targets, func(t Target) bool {
		return t.Cluster == cluster && (t.Namespace == namespace || t.Namespace == "")
	})
}

// Uploads reports whether the ConfigMaps of an entry are in a cluster.
func (m UpdaterMap) Uploads(cluster string) bool {
	return slices.ContainsFunc(m.Targets, func(t Target) bool { return t.Cluster == cluster })
}

// Matches reports whether the entry matches a file, given by its path from the
// root. "*" does not match "/", and "**/" matches any number of folders.
func (m UpdaterMap) Matches(file string) bool {
	ok, err := doublestar.Match(strings.ReplaceAll(m.Glob, "?", `\?`), file) // "?" is not a wildcard there
	return ok && err == nil
}

func loadUpdater(t *Tree) *Updater {
	file := t.Layout.Plugins
	data, missing, problems := configuration(t, file)
	if missing != "" {
		return &Updater{Missing: missing, Problems: problems}
	}
	doc := parseYAML(file, data)
	if doc.broken {
		return &Updater{Missing: doc.reason(), Problems: doc.problems}
	}
	out := &Updater{Problems: doc.problems}
	maps := Child(doc.root, "config_updater", "maps")
	if maps == nil || maps.Kind != yaml.MappingNode {
		out.Missing = file + " has no config_updater.maps"
		return out
	}
	groups := Child(doc.root, "config_updater", "cluster_groups")
	for key, value := range Pairs(maps) {
		m := UpdaterMap{Glob: key.Value, Pos: at(file, key), NamesPos: at(file, key)}
		for _, name := range append([]*yaml.Node{Child(value, "name")}, items(Child(value, "partitioned_names"))...) {
			if Text(name) == "" {
				continue
			}
			if m.Names = append(m.Names, Text(name)); len(m.Names) == 1 {
				m.NamesPos = at(file, name)
			}
		}
		e := updaterEntry{file: file, glob: m.Glob, node: value, groups: groups}
		m.Targets = e.targets()
		out.Problems = append(out.Problems, e.problems...)
		out.Maps = append(out.Maps, m)
	}
	return out
}

// updaterEntry reads the ConfigMaps and targets of an entry.
type updaterEntry struct {
	file, glob   string
	node, groups *yaml.Node
	problems     []source.Problem
}

// targets returns the targets of an entry: clusters with their namespaces, or
// cluster groups. Prow rejects an entry with both or with an unknown group.
func (e *updaterEntry) targets() []Target {
	var out []Target
	add := func(cluster, namespaces *yaml.Node) {
		for _, n := range items(namespaces) {
			out = append(out, Target{Text(cluster), Text(n), at(e.file, n)})
		}
	}
	if clusters := Child(e.node, "clusters"); clusters != nil && clusters.Kind == yaml.MappingNode && len(clusters.Content) > 0 {
		if groups := items(Child(e.node, "cluster_groups")); len(groups) > 0 {
			e.problem(groups[0], "has both clusters and cluster_groups", "remove one of them")
		}
		for cluster, namespaces := range Pairs(clusters) {
			add(cluster, namespaces)
		}
		return out
	}
	for _, name := range items(Child(e.node, "cluster_groups")) {
		group := Child(e.groups, Text(name))
		if group == nil {
			var groups []string
			for g := range Pairs(e.groups) {
				groups = append(groups, g.Value)
			}
			e.problem(name, "names the cluster group "+Text(name)+", which is not in config_updater.cluster_groups", suggest.Hint(Text(name), groups, "add the group"))
		}
		for _, cluster := range items(Child(group, "clusters")) {
			add(cluster, Child(group, "namespaces"))
		}
	}
	return append(out, e.before2021()...)
}

// before2021 returns the targets in the form that Prow had before 2021.
func (e *updaterEntry) before2021() []Target {
	cluster := Child(e.node, "cluster")
	if Text(cluster) == "" {
		return nil
	}
	namespaces := items(Child(e.node, "additional_namespaces"))
	if single := Child(e.node, "namespace"); Text(single) != "" {
		namespaces = append([]*yaml.Node{single}, namespaces...)
	}
	var out []Target
	for _, n := range namespaces {
		out = append(out, Target{Text(cluster), Text(n), at(e.file, n)})
	}
	if len(out) == 0 {
		out = append(out, Target{Cluster: Text(cluster), Pos: at(e.file, cluster)})
	}
	return out
}

func (e *updaterEntry) problem(n *yaml.Node, what, hint string) {
	e.problems = append(e.problems, source.Problem{Pos: at(e.file, n), Hint: hint,
		Message: "the entry " + e.glob + " of config-updater " + what + ": Prow refuses the file"})
}
