package release

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// MappingConfigName is the file in a set's folder that lists which of the set's
// mapping files are generated from promotions.
const MappingConfigName = "_config.yaml"

// MappingConfig is a set's _config.yaml. The keys are those that
// promoted-image-governor reads (openshift/ci-tools), and source_form.
type MappingConfig struct {
	Path            string
	Text            []byte
	SourceRegistry  string
	SourceNamespace string
	TargetRegistry  string
	TargetNamespace string
	// SourceForm is the form of sources; "" if the file does not set it.
	SourceForm SourceForm
	// Streams are the streams of the source namespace in the order of the file.
	Streams []MappedStream
	// Problems are the problems of the file, by position.
	Problems []source.Problem
}

// MappedStream is one key of images: a stream and the tags that its images get.
type MappedStream struct {
	Name string
	Node *yaml.Node // the key
	Pos  source.Position
	Tags []TargetTag
}

// TargetTag is one tag that every image of a stream gets.
type TargetTag struct {
	Tag  string
	Node *yaml.Node
	Pos  source.Position
}

// SourceForm is a way to write the reference of an image stream tag.
type SourceForm string

// The forms of a source.
const (
	// FormRegistry is REGISTRY/NAMESPACE/STREAM:TAG.
	FormRegistry SourceForm = "registry"
	// FormProxy is a tag of openshift/ci, read through the proxy of the CI clusters.
	FormProxy SourceForm = "quay-proxy"
	// FormQuay is the same tag at quay.io.
	FormQuay SourceForm = "quay"
)

// SourceForms lists the forms.
func SourceForms() []SourceForm { return []SourceForm{FormRegistry, FormProxy, FormQuay} }

// mappingConfigReader reads a _config.yaml.
type mappingConfigReader struct{ yamlReader }

// ParseMappingConfig reads the text of a set's _config.yaml. file is the name
// in positions. Mistakes are reported and do not affect the rest of the file.
func ParseMappingConfig(file string, data []byte) *MappingConfig {
	c := &MappingConfig{Path: file, Text: data}
	d := mappingConfigReader{yamlReader{file: file}}
	root := d.root(data)
	if root == nil {
		if len(d.problems) == 0 {
			d.problem(source.Position{File: file, Line: 1}, "the file is empty", "remove it, or say what is generated")
		}
		c.Problems = d.sorted()
		return c
	}
	values := map[string]*string{
		"source_registry": &c.SourceRegistry, "source_namespace": &c.SourceNamespace,
		"target_registry": &c.TargetRegistry, "target_namespace": &c.TargetNamespace,
	}
	names := []string{"source_registry", "source_namespace", "target_registry", "target_namespace", "source_form", "images"}
	given := map[string]bool{}
	d.pairs(root, "the file", func(key, value *yaml.Node) {
		given[key.Value] = true
		switch into, ok := values[key.Value]; {
		case ok:
			*into = d.plain(value, key.Value)
		case key.Value == "source_form":
			c.SourceForm = d.form(value)
		case key.Value == "images":
			c.Streams = d.streams(value)
		default:
			given[suggest.Nearest(key.Value, names)] = true // misspelt
			d.problem(d.at(key), fmt.Sprintf("unknown setting %q", key.Value), likelySetting(key.Value, names))
		}
	})
	for _, name := range names {
		if !given[name] && name != "source_form" && root.Kind == yaml.MappingNode {
			d.problem(d.at(root), name+" is missing", "add it: without it nothing can be generated")
		}
	}
	c.Problems = d.sorted()
	return c
}

// plain returns the text of a scalar that is not empty.
func (d *yamlReader) plain(n *yaml.Node, what string) string {
	if n = Resolve(n); n.Kind == yaml.ScalarNode && (n.Value == "" || n.Tag == "!!null") {
		d.problem(d.at(n), what+" has no value", "")
		return ""
	}
	return d.text(n, what)
}

func (d *mappingConfigReader) form(n *yaml.Node) SourceForm {
	value := SourceForm(d.plain(n, "source_form"))
	for _, f := range SourceForms() {
		if value == "" || value == f {
			return value
		}
	}
	d.problem(d.at(n), fmt.Sprintf("source_form: unknown value %q", string(value)), fmt.Sprintf("use %s, %s or %s", FormRegistry, FormProxy, FormQuay))
	return ""
}

func (d *mappingConfigReader) streams(n *yaml.Node) []MappedStream {
	var all []MappedStream
	d.pairs(Resolve(n), "images", func(key, value *yaml.Node) {
		name := d.exact(key, "the stream")
		what := "images." + name
		s := MappedStream{Name: name, Node: key, Pos: d.at(key)}
		value = Resolve(value)
		if value.Kind != yaml.SequenceNode {
			d.kind(value, what, "a list of tags")
			return
		}
		seen := map[string]*yaml.Node{}
		for _, item := range value.Content {
			tag := d.plain(item, "a tag of "+what)
			switch first, twice := seen[tag]; {
			case tag == "":
				continue
			case !mapping.ValidTag(tag):
				d.problem(d.at(item), fmt.Sprintf("%s: %q is not a valid tag", what, tag), "")
				continue
			case twice:
				d.twice(item, first, what+": the tag "+tag)
				continue
			}
			seen[tag] = item
			s.Tags = append(s.Tags, TargetTag{Tag: tag, Node: item, Pos: d.at(item)})
		}
		if len(value.Content) == 0 {
			d.problem(d.at(key), what+" has no tags", "remove the stream, or name the tags that its images get")
		}
		all = append(all, s)
	})
	return all
}
