package mapping_test

import (
	"fmt"
	"log"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Parse returns the valid lines and a problem for each invalid line.
func ExampleParse() {
	file := mapping.Parse("mapping_team", []byte(`# every night
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest quay.io/team/app:v1
registry.ci.openshift.org/team/stream:web
`))
	for pair := range file.Pairs() {
		fmt.Println(pair.Source.Text, "->", pair.Destination.Exact())
	}
	for _, p := range file.Problems {
		fmt.Println(p.Pos, p.Severity)
	}
	// Output:
	// registry.ci.openshift.org/team/stream:app -> quay.io/team/app:latest
	// registry.ci.openshift.org/team/stream:app -> quay.io/team/app:v1
	// mapping_team:3:1 error
}

// A glob selects tags, for example those that --immutable protects.
func ExampleGlob() {
	releases, err := mapping.ParseGlob("quay.io/team/*:v[0-9]*")
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"quay.io/team/app:v1", "quay.io/team/app:latest", "quay.io/other/app:v1"} {
		ref, _ := mapping.ParseReference(text, source.Position{}, false)
		fmt.Println(text, releases.Match(ref))
	}
	// Output:
	// quay.io/team/app:v1 true
	// quay.io/team/app:latest false
	// quay.io/other/app:v1 false
}

// A backup template names the tag under which the old image is kept.
func ExampleBackup() {
	backup, err := mapping.ParseBackup("{{.Tag}}-before-{{.Date}}")
	if err != nil {
		log.Fatal(err)
	}
	name, err := backup.Name("v1", "sha256:0123", time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
	// Output:
	// v1-before-20240501
}
