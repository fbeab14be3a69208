package mapgen_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// A small configuration that names many promotions with many tags generates no
// more than a tree may hold, and says so.
func TestGeneratedFilesAreBounded(t *testing.T) {
	const mirroring = "core-services/image-mirroring"
	var images, tags strings.Builder
	for i := range 2_000 {
		fmt.Fprintf(&images, "- to: image%d\n", i)
	}
	for i := range 600 {
		fmt.Fprintf(&tags, "  - v%d\n", i)
	}
	tree, err := release.Load(fstest.MapFS{
		"ci-operator/config/lab/app/lab-app-main.yaml": {Data: []byte("images:\n" + images.String() + "promotion:\n  namespace: lab\n  name: latest\n")},
		mirroring + "/lab/_config.yaml": {Data: []byte("source_registry: registry.ci.openshift.org\nsource_namespace: lab\n" +
			"target_registry: quay.io\ntarget_namespace: acme\nimages:\n  latest:\n" + tags.String())},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := mapgen.All(tree)
	if len(all) != 1 || len(all[0].Files) != 0 || len(all[0].Problems) != 1 {
		t.Fatalf("%+v", all)
	}
	want := mirroring + "/lab/_config.yaml:6:3: the generated mapping files would have more than 1000000 references"
	if got := all[0].Problems[0].Error(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
