package jobgen_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// Generate adds the job of a set that has a _job.yaml.
func ExampleGenerate() {
	tree, err := release.Load(fstest.MapFS{
		"core-services/image-mirroring/_mirror.yaml":      {Data: []byte("defaults: {cluster: app.ci, interval: 4h}\n")},
		"core-services/image-mirroring/team/OWNERS":       {Data: []byte("approvers: [alice]\n")},
		"core-services/image-mirroring/team/_job.yaml":    {Data: []byte("secret: push-team\n")},
		"core-services/image-mirroring/team/mapping_team": {Data: []byte("registry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n")},
	})
	if err != nil {
		log.Fatal(err)
	}
	out, err := jobgen.Generate(tree, jobgen.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Jobs.Path, out.Added)
	// Output:
	// ci-operator/jobs/infra-image-mirroring.yaml [periodic-image-mirroring-team]
}
