package auth

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/guarantees.md states the numbers of this package.
func TestDocumentedNumbers(t *testing.T) {
	testkit.Documented(t, "docs/guarantees.md",
		fmt.Sprintf("a token's answer %s,", testkit.Bytes(maxTokenBody)),
		fmt.Sprintf("| redirects | %d;", maxRedirects))
}
