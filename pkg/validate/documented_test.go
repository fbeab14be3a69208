package validate

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/security.md states the limit of a rule's findings.
func TestDocumentedNumbers(t *testing.T) {
	testkit.Documented(t, "docs/security.md", fmt.Sprintf("A rule lists %s findings", testkit.Count(maxFindings)))
}
