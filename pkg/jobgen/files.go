package jobgen

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// These lines of the README enclose the generated list of sets.
const (
	listBegin = "<!-- mirror-jobgen: sets, generated: do not edit -->"
	listEnd   = "<!-- mirror-jobgen: end of sets -->"
)

// files generates the files besides the jobs file: the list of sets, if the README
// has its markers, and config-updater's partitions.
func (g *generator) files() {
	g.readme()
	g.partitions()
}

func (g *generator) readme() {
	readmeFile := g.tree.Layout.Readme() // may hold the list
	old, err := fs.ReadFile(g.tree.FS, readmeFile)
	if err != nil {
		return
	}
	head, rest, ok := bytes.Cut(old, []byte(listBegin+"\n"))
	if !ok {
		return
	}
	_, tail, ok := bytes.Cut(rest, []byte(listEnd))
	if !ok {
		line := bytes.Count(head, []byte("\n")) + 1
		g.b.problem(source.Position{File: readmeFile, Line: line}, "add the line "+listEnd+" where the list ends", "the list of sets has no end")
		return
	}
	text := slices.Concat(head, []byte(listBegin+"\n"), []byte(listSets(g.tree)), []byte(listEnd), tail)
	g.out.Files = append(g.out.Files, File{Path: readmeFile, Old: old, New: text})
}

// listSets returns the sets of a tree and the repositories that they push to, as
// a Markdown list.
func listSets(tree *release.Tree) string {
	var b strings.Builder
	for _, s := range tree.Sets {
		if to := summary(s); len(to) > 0 {
			fmt.Fprintf(&b, " - [%s](./%s/): `%s`\n", markdown(s.Name), url.PathEscape(s.Name), strings.Join(to, "`, `"))
		}
	}
	return b.String()
}

// markdown escapes the text of a link: a folder may have any name.
func markdown(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case !unicode.IsPrint(r):
			r = unicode.ReplacementChar
		case strings.ContainsRune("\\`*[]<>&|!#~", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// summary returns the organisations that a set pushes to. For a single repository,
// or several with a common prefix, it adds that name.
func summary(set *release.Set) []string {
	repos := repositories(set, func(r mapping.Reference) string { return r.Host() + "/" + r.Path() })
	var out []string
	for _, org := range targets(set) {
		var names []string
		for _, r := range repos {
			if name, ok := strings.CutPrefix(r, org+"/"); ok {
				names = append(names, name)
			}
		}
		switch common := commonPrefix(names); {
		case len(names) == 1:
			out = append(out, org+"/"+names[0])
		case strings.ContainsRune(common, '-'):
			out = append(out, org+"/"+common[:strings.LastIndexByte(common, '-')+1]+"*")
		default:
			out = append(out, org)
		}
	}
	return out
}

func commonPrefix(names []string) string {
	if len(names) == 0 {
		return ""
	}
	common := names[0]
	for _, n := range names[1:] {
		for !strings.HasPrefix(n, common) {
			common = common[:len(common)-1]
		}
	}
	return common
}

// partitionOf returns the index of the ConfigMap, of n, in which config-updater
// stores a key: the first byte of the key's SHA-256 modulo n, as in Prow's plugin
// updateconfig.
func partitionOf(key string, n int) int {
	return int(sha256.Sum256([]byte(key))[0]) % n
}

// partitions checks that the mappings fit, and writes the names of their
// ConfigMaps to config-updater's configuration.
func (g *generator) partitions() {
	names := g.tree.Settings.ConfigMaps()
	sizes := make([]int, len(names))
	total := 0
	for _, f := range g.tree.Mappings() {
		n := len(f.Base) + f.Size
		sizes[partitionOf(f.Base, len(names))] += n
		total += n
	}
	limit := g.tree.Settings.ConfigMapLimit
	for i, size := range sizes {
		if size <= limit {
			continue
		}
		pos := g.tree.Settings.At("partitions")
		if pos.File == "" {
			pos.File = g.tree.Layout.Settings()
		}
		g.out.Notes = append(g.out.Notes, source.Problem{Pos: pos, Severity: source.Warning,
			Message: fmt.Sprintf("the ConfigMap %s would have %d bytes of mappings; the limit is %d", names[i], size, limit),
			Hint:    fmt.Sprintf("set partitions: %d", max(len(names), total/limit+1)+1)})
	}
	if g.tree.Settings.Partitions == 0 {
		return
	}
	old, err := fs.ReadFile(g.tree.FS, g.tree.Layout.Plugins)
	if err != nil {
		return
	}
	text, err := setPartitions(old, g.tree.Layout.Uploads(), names)
	if err != nil {
		g.b.problem(source.Position{File: g.tree.Layout.Plugins}, "add an entry for "+g.tree.Layout.Uploads()+" to config_updater.maps", "%v", err)
		return
	}
	g.out.Files = append(g.out.Files, File{Path: g.tree.Layout.Plugins, Old: old, New: text})
}

// setPartitions replaces the names of the ConfigMaps to which the files of a
// pattern are uploaded. No other byte changes.
func setPartitions(text []byte, pattern string, names []string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("not valid YAML: %w", err)
	}
	entry := lookup(&doc, "config_updater", "maps", pattern)
	if entry == nil || entry.Kind != yaml.MappingNode || entry.Style&yaml.FlowStyle != 0 {
		return nil, fmt.Errorf("config-updater does not upload the mapping files")
	}
	for i := 0; i+1 < len(entry.Content); i += 2 {
		key, value := entry.Content[i], entry.Content[i+1]
		if key.Value != "name" && key.Value != "partitioned_names" {
			continue
		}
		first, last := key.Line, key.Line
		for _, n := range value.Content {
			last = max(last, n.Line)
		}
		indent := strings.Repeat(" ", key.Column-1)
		lines := "name: " + names[0] + "\n"
		if len(names) > 1 {
			lines = "partitioned_names:\n" + indent + "- " + strings.Join(names, "\n"+indent+"- ") + "\n"
		}
		all := bytes.SplitAfter(text, []byte("\n"))
		return slices.Concat(bytes.Join(all[:first-1], nil), []byte(indent+lines), bytes.Join(all[last:], nil)), nil
	}
	return nil, fmt.Errorf("config-updater's entry for the mapping files has no name")
}

func lookup(n *yaml.Node, keys ...string) *yaml.Node {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
next:
	for _, key := range keys {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				n = n.Content[i+1]
				continue next
			}
		}
		return nil
	}
	return n
}
