package tags_test

import (
	"fmt"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
)

// The digest that was mirrored to a tag is recorded under another tag.
func ExampleRecordTag() {
	fmt.Println(tags.RecordTag("v1"), tags.IsRecord("_mirror.v1"), tags.IsRecord("v1"))
	// Output: _mirror.v1 true false
}
