package effects_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// Compare reports what a change of the repository mirrors differently.
func ExampleCompare() {
	load := func(mapping string) *release.Tree {
		tree, err := release.Load(fstest.MapFS{
			"core-services/image-mirroring/team/mapping_team": {Data: []byte(mapping)},
		})
		if err != nil {
			log.Fatal(err)
		}
		return tree
	}
	before := load("registry.ci.openshift.org/team/v1:app quay.io/team/app:latest\n")
	after := load("registry.ci.openshift.org/team/v2:app quay.io/team/app:latest\nregistry.ci.openshift.org/team/v2:web quay.io/team/web:latest\n")
	for _, d := range effects.Compare(before, after, effects.Options{}).Destinations {
		fmt.Println(d.Change, d.Name)
	}
	// Output:
	// source quay.io/team/app:latest
	// new quay.io/team/web:latest
}
