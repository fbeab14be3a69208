package docs

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// The example for ci-operator promotes the images that the documentation and
// the defaults of mirror-jobgen name.
func TestCIOperatorExample(t *testing.T) {
	const name = "mirror-tools-mirror-tools-main.yaml"
	data, err := os.ReadFile(filepath.Join(testkit.Root(), "contrib/ci-operator", name))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := release.Load(fstest.MapFS{
		"ci-operator/config/mirror-tools/mirror-tools/" + name:  {Data: data},
		"core-services/image-mirroring/webshop/mapping_webshop": {Data: []byte("a/b:c d/e:f\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{"mirror-tools", "mirror-tools-presubmit"} {
		tag := release.ImageTag{Stream: release.Stream{Namespace: "ci", Name: image}, Tag: "latest"}
		if got := tree.Promotions().Of(tag); len(got) != 1 {
			t.Errorf("%d promotions to %s, want 1", len(got), tag)
		}
	}
}
