package tags_test

import (
	"fmt"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
)

// What was mirrored to a tag is recorded under a tag beside it.
func ExampleRecordTag() {
	fmt.Println(tags.RecordTag("v1"), tags.IsRecord("_mirror.v1"), tags.IsRecord("v1"))
	// Output: _mirror.v1 true false
}
