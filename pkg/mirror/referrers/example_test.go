package referrers_test

import (
	"fmt"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/referrers"
)

// A registry without the referrers API lists what refers to an image under a tag.
func ExampleTag() {
	fmt.Println(referrers.Tag(digest.FromString("a manifest")))
	// Output: sha256-e59625a822497c164d60705eb3fd6975c375ca213b8140137a826a77790986a9
}
