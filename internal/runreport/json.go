package runreport

import (
	"io"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Document is the report as it is written: the run, and what failed in it by
// cause.
type Document struct {
	*mirror.Report
	Failures []Failure `json:"failures"` // the largest group first
}

// JSON writes the report as the document of version 1.
func JSON(w io.Writer, r *mirror.Report) error {
	return text.JSON(w, Document{r, Failures(r)})
}
