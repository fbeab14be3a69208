package release_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// repository is a release repository; a real one is read with os.DirFS.
var repository = fstest.MapFS{
	"core-services/image-mirroring/team/OWNERS":             {Data: []byte("approvers: [alice]\n")},
	"core-services/image-mirroring/team/mapping_team":       {Data: []byte("registry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n")},
	"core-services/image-mirroring/other/mapping_other_app": {Data: []byte("registry.ci.openshift.org/other/stream:app quay.io/other/app:latest\n")},
	"ci-operator/jobs/infra-image-mirroring.yaml": {Data: []byte(`periodics:
- name: periodic-image-mirroring-team
  cron: 0 * * * *
  spec:
    containers:
    - image: image-mirror
      env:
      - name: MAPPING_FILE_PREFIX
        value: mapping_team
      volumeMounts:
      - name: mappings
        mountPath: /etc/imagemirror
    volumes:
    - name: mappings
      configMap: {name: image-mirror-mappings}
`)},
}

// Runs returns the jobs that mirror the files of a set.
func ExampleLoad() {
	tree, err := release.Load(repository)
	if err != nil {
		log.Fatal(err)
	}
	for _, set := range tree.Sets {
		fmt.Printf("%s: files mapping_%s*: %d", set.Name, set.Prefix(), len(set.Files))
		if job := tree.Runs().JobOf(set); job != nil {
			fmt.Printf(", mirrored by %s at %q", job.Name, job.Schedule)
		}
		fmt.Println()
	}
	// Output:
	// other: files mapping_other*: 1
	// team: files mapping_team*: 1, mirrored by periodic-image-mirroring-team at "0 * * * *"
}
