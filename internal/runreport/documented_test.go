package runreport

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/reports.md states the number of entries that the text shows.
func TestDocumentedNumbers(t *testing.T) {
	testkit.Documented(t, "docs/reports.md", fmt.Sprintf("the first %d of its entries", shownOfCause))
}
