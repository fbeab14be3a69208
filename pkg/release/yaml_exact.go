package release

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// exact returns the text of a scalar as the tools of the release repository
// read it. It reports a plain scalar that they change as a number or boolean:
// an unquoted 4.20 becomes 4.2.
func (d *yamlReader) exact(n *yaml.Node, what string) string {
	if n = Resolve(n); n.Kind != yaml.ScalarNode || n.Style != 0 {
		return n.Value
	}
	if read := asRead(n); read != n.Value {
		d.problem(d.at(n), fmt.Sprintf("%s: YAML reads %s as %s", what, n.Value, read), "put it in quotes")
	}
	return n.Value
}

// asRead returns the string that sigs.k8s.io/yaml reads from a plain scalar
// through YAML 1.1 and JSON.
func asRead(n *yaml.Node) string {
	switch strings.ToLower(n.Value) {
	case "y", "yes", "on", "true":
		return "true"
	case "n", "no", "off", "false":
		return "false"
	}
	switch n.ShortTag() {
	case "!!int":
		if i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err == nil {
			return strconv.FormatInt(i, 10)
		}
	case "!!float":
		if f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	return n.Value
}
