package transfer

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/guarantees.md states the numbers of this package.
func TestDocumentedNumbers(t *testing.T) {
	testkit.Documented(t, "docs/guarantees.md",
		fmt.Sprintf("%s manifests of an image, %s blobs of a manifest, %d indexes within one another",
			testkit.Count(MaxManifests), testkit.Count(maxBlobs), MaxDepth))
}
