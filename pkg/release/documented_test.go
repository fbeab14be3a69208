package release

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/security.md lists the limits of trees.
func TestDocumentedNumbers(t *testing.T) {
	testkit.Documented(t, "docs/security.md",
		fmt.Sprintf("A mapping file has at most %s, any other file %s and %s YAML values.",
			testkit.Bytes(maxMapping), testkit.Bytes(maxText), testkit.Count(maxValues)),
		fmt.Sprintf("at most %s mapping lines, %s sets, %s jobs, %s of job settings, %s promoted tags and %s of manifests.",
			testkit.Count(maxLines), testkit.Count(maxSets), testkit.Count(maxJobs), testkit.Bytes(maxJobSettings), testkit.Count(maxPromotions), testkit.Bytes(maxManifests)))
}
