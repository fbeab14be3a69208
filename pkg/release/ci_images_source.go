package release

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// sourceFields are the fields of an entry's source.
type sourceFields struct {
	values map[string]string
	at     map[string]source.Position
}

func (f sourceFields) given(key string) bool { return f.values[key] != "" }

// readSource reads the fields of a source. It returns false if they are
// invalid.
func (d *ciImagesDecoder) readSource(n *yaml.Node, what string, reason func(string)) (sourceFields, bool) {
	f := sourceFields{values: map[string]string{}, at: map[string]source.Position{}}
	before := len(d.problems)
	known := map[string]func(key, value *yaml.Node){
		"as": func(key, _ *yaml.Node) {
			d.problem(d.at(key), what+": as has no meaning here", "remove it")
		},
	}
	for _, name := range []string{"image", "namespace", "name", "tag"} {
		known[name] = func(_, value *yaml.Node) {
			f.values[name], f.at[name] = d.text(value, what+": "+name), d.at(value)
		}
	}
	if reason != nil {
		known["reason"] = func(_, value *yaml.Node) { reason(d.text(value, what+": reason")) }
	}
	d.fields(n, what, known)
	return f, len(d.problems) == before
}

// source reads a source that is an image, or a tag of the CI registry.
func (d *ciImagesDecoder) source(n *yaml.Node, what string, reason func(string)) CISource {
	s := CISource{Pos: d.at(n)}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		d.problem(d.at(n), what+" has no source", "add image, or namespace, name and tag")
		return s
	}
	f, ok := d.readSource(n, what, reason)
	if !ok {
		return s
	}
	var missing, given []string
	for _, name := range []string{"namespace", "name", "tag"} {
		if f.given(name) {
			given = append(given, name)
		} else {
			missing = append(missing, name)
		}
	}
	switch {
	case f.given("image"):
		s.Image, s.Pos = f.values["image"], f.at["image"]
		if len(given) > 0 {
			d.warn(f.at[given[0]], fmt.Sprintf("%s: %s has no effect beside image", what, strings.Join(given, ", ")), "remove one of the two")
		}
	case len(given) == 0:
		d.problem(s.Pos, what+" has no source", "add image, or namespace, name and tag")
	case len(missing) > 0:
		d.problem(s.Pos, fmt.Sprintf("%s: %s of the source is missing", what, strings.Join(missing, ", ")), "add it")
	default:
		s.Tag = ImageTag{Stream{f.values["namespace"], f.values["name"]}, f.values["tag"]}
		s.Pos = f.at["namespace"]
	}
	return s
}

// warn reports a likely mistake that ci-images-mirror accepts.
func (d *ciImagesDecoder) warn(pos source.Position, message, hint string) {
	d.warnings = append(d.warnings, source.Problem{Pos: pos, Severity: source.Warning, Message: message, Hint: hint})
}

// text returns a scalar's text as ci-images-mirror reads it.
func (d *yamlReader) text(n *yaml.Node, what string) string {
	n = Resolve(n)
	switch {
	case n.Kind != yaml.ScalarNode:
		d.kind(n, what, "a single value")
		return ""
	case n.Tag == "!!null":
		return ""
	}
	return d.exact(n, what)
}
