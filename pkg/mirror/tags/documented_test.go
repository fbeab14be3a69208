package tags_test

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
)

// docs/guarantees.md names the tag of a record.
func TestDocumentedRecord(t *testing.T) {
	testkit.Documented(t, "docs/guarantees.md", fmt.Sprintf("tagged `%s` for the tag `v1`", tags.RecordTag("v1")))
}
