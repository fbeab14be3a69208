package mapping_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// docs/guarantees.md lists the fields of a backup template.
func TestDocumentedBackup(t *testing.T) {
	field := func(name string) string {
		b, err := mapping.ParseBackup("{{.Tag}}-{{." + name + "}}")
		if err != nil {
			t.Fatal(err)
		}
		tag, err := b.Name("v1", "sha256:"+strings.Repeat("1", 64), time.Date(2026, 1, 31, 23, 59, 59, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(tag, "v1-")
	}
	testkit.Documented(t, "docs/guarantees.md",
		fmt.Sprintf("`.Digest` (%d hexadecimal digits of the old digest)", len(field("Digest"))),
		fmt.Sprintf("`.Date` (`%s`)", field("Date")),
		fmt.Sprintf("`.Time` (`%s`, UTC)", field("Time")))
}
