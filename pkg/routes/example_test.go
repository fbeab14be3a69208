package routes_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

// Find returns the routes in which a text occurs.
func ExampleIndex_Find() {
	tree, err := release.Load(fstest.MapFS{
		"core-services/image-mirroring/team/mapping_team": {Data: []byte(`registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
registry.ci.openshift.org/team/stream:web quay.io/team/web:latest
`)},
	})
	if err != nil {
		log.Fatal(err)
	}
	found := routes.New(tree).Find("team/web")
	for _, r := range found.Routes {
		fmt.Println(r.Pos(), r.Source.Exact(), "->", r.Destination.Exact())
	}
	// Output:
	// core-services/image-mirroring/team/mapping_team:2:43 registry.ci.openshift.org/team/stream:web -> quay.io/team/web:latest
}
