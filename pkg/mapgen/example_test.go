package mapgen_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// A stream of _config.yaml becomes a mapping file with a line for each image that
// ci-operator promotes to it.
func ExampleAll() {
	tree, err := release.Load(fstest.MapFS{
		"core-services/image-mirroring/openshift/_config.yaml": {Data: []byte(`source_registry: registry.ci.openshift.org
source_namespace: ocp
target_registry: quay.io
target_namespace: openshift
images:
  "4.21": ["4.21", latest]
`)},
		"ci-operator/config/org/repo/org-repo-main.yaml": {Data: []byte(`promotion:
  to:
  - namespace: ocp
    name: "4.21"
images:
- to: cli
`)},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range mapgen.All(tree) {
		for _, f := range result.Files {
			fmt.Printf("%s\n%s", f.Path, f.New)
		}
		for _, p := range result.Problems {
			fmt.Println(p.Pos, p.Message)
		}
	}
	// Output:
	// core-services/image-mirroring/openshift/mapping_ocp_4_21
	// registry.ci.openshift.org/ocp/4.21:cli quay.io/openshift/ocp-cli:4.21 quay.io/openshift/ocp-cli:latest
}
