package release

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Updater is the configuration of Prow's config-updater plugin: which files
// become keys of which ConfigMap.
type Updater struct {
	Missing string // why nothing is known, "" otherwise
	Maps    []UpdaterMap
}

// UpdaterMap is one entry of it.
type UpdaterMap struct {
	Glob string
	Pos  source.Position
	// Names are those of the ConfigMaps that the keys are spread over: one, or
	// the partitioned_names.
	Names []string
}

// Matches says whether config-updater takes a file, given by its path from the
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
	root, problem := parseYAML(file, data)
	if problem != nil {
		return &Updater{Missing: problem.Error()}
	}
	maps := child(root, "config_updater", "maps")
	if maps == nil || maps.Kind != yaml.MappingNode {
		return &Updater{Missing: file + " has no config_updater.maps"}
	}
	out := &Updater{}
	for i := 0; i+1 < len(maps.Content); i += 2 {
		key, value := maps.Content[i], resolve(maps.Content[i+1])
		m := UpdaterMap{Glob: key.Value, Pos: at(file, key)}
		if name := text(child(value, "name")); name != "" {
			m.Names = []string{name}
		}
		for _, name := range items(child(value, "partitioned_names")) {
			m.Names = append(m.Names, text(name))
		}
		out.Maps = append(out.Maps, m)
	}
	return out
}
