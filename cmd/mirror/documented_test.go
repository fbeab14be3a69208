package main

import (
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/from-oc.md has the limit of standard input.
func TestDocumentedNumbers(t *testing.T) {
	testkit.Documented(t, "docs/from-oc.md", "standard input over "+testkit.Bytes(maxInput))
}
