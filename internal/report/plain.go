package report

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// plainText is the message of a finding with its hint and its related places,
// for formats that show nothing but one text.
func plainText(f validate.Finding) string {
	var b strings.Builder
	b.WriteString(f.Message)
	for _, r := range f.Related {
		b.WriteString("\n" + r.Pos.String() + ": " + r.Message)
	}
	if f.Hint != "" {
		b.WriteString("\nhint: " + f.Hint)
	}
	return b.String()
}
