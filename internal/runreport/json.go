package runreport

import (
	"encoding/json"
	"io"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// JSON writes the report as the document of version 1.
func JSON(w io.Writer, r *mirror.Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
