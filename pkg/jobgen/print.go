package jobgen

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"sigs.k8s.io/yaml"
)

// toYAML is [yaml.Marshal] for values that hold any text. YAML refuses
// characters that JSON does not escape.
func toYAML(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, r := range string(data) {
		if unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return yaml.JSONToYAML([]byte(b.String()))
}
