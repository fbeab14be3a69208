package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// GitHub writes the findings as workflow commands, which GitHub Actions shows
// at the lines of a pull request. Errors come first: GitHub shows only ten of
// each kind per step.
func GitHub(w io.Writer, r *validate.Result) error {
	b := bufio.NewWriter(w)
	commands := [...]string{source.Error: "error", source.Warning: "warning", source.Info: "notice"}
	for _, severity := range []source.Severity{source.Error, source.Warning, source.Info} {
		for _, f := range r.Findings {
			if f.Severity == severity {
				fmt.Fprintf(b, "::%s %s::%s\n", commands[severity], githubProperties(f), githubData.Replace(text.Clean(plainText(f))))
			}
		}
	}
	return b.Flush()
}

// The escapes of workflow commands, in their text and in their properties.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func githubProperties(f validate.Finding) string {
	props := make([]string, 0, 4)
	if f.Pos.File != "" {
		props = append(props, "file="+githubProperty.Replace(text.Clean(f.Pos.File)))
	}
	if f.Pos.Line > 0 {
		props = append(props, fmt.Sprintf("line=%d", f.Pos.Line))
		if f.Pos.Column > 0 {
			props = append(props, fmt.Sprintf("col=%d", f.Pos.Column))
		}
	}
	return strings.Join(append(props, "title="+githubProperty.Replace(text.Clean(f.Rule))), ",")
}
