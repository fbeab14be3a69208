package validate_test

import (
	"fmt"
	"log"
	"strings"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// repository is a release repository; a real one is read with os.DirFS.
var repository = fstest.MapFS{
	"core-services/image-mirroring/team/OWNERS": {Data: []byte("approvers: [alice]\n")},
	"core-services/image-mirroring/team/mapping_team": {Data: []byte(`registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
registry.ci.openshift.org/team/stream:web quay.io/team/app:latest
registry.ci.openshift.org/team/stream:cli quay.io/private/cli:latest
registry.ci.openshift.org/team/stream:bot quay.io/private/bot:latest
`)},
}

func Example() {
	tree, err := release.Load(repository)
	if err != nil {
		log.Fatal(err)
	}
	duplicates, _ := validate.Lookup("duplicate-destination")
	for _, f := range validate.Run(tree, duplicates).Findings {
		fmt.Printf("%s: %s: %s\n", f.Pos, f.Severity, f.Message)
	}
	// Output:
	// core-services/image-mirroring/team/mapping_team:2:43: error: quay.io/team/app:latest is named twice, from registry.ci.openshift.org/team/stream:app and from registry.ci.openshift.org/team/stream:web, and oc image mirror refuses the whole file
}

// A custom rule runs beside those of the package. _mirror.yaml can set its
// severity too.
func ExampleRule() {
	private := validate.Rule{
		ID:       "company-private",
		Title:    "an image that goes to the private organisation",
		Severity: source.Warning,
		Check: func(p *validate.Pass) {
			for _, file := range p.Tree().Mappings() {
				for pair := range file.Pairs() {
					if !strings.HasPrefix(pair.Destination.Path(), "private/") {
						continue
					}
					f := p.Report(pair.Destination.Pos, "choose another organisation", "%s is private", pair.Destination.Exact())
					f.Cause = validate.Cause{ID: file.Set.Name, Summary: "{n} images of the set " + file.Set.Name + " are private"}
				}
			}
		},
	}
	tree, err := release.Load(repository)
	if err != nil {
		log.Fatal(err)
	}
	result := validate.Run(tree, private)
	for _, cause := range validate.GroupByCause(result.Findings) {
		fmt.Println(cause.Message())
		for _, f := range cause.Findings {
			fmt.Printf("  %s: %s\n", f.Pos, f.Message)
		}
	}
	// Output:
	// 2 images of the set team are private
	//   core-services/image-mirroring/team/mapping_team:3:43: quay.io/private/cli:latest is private
	//   core-services/image-mirroring/team/mapping_team:4:43: quay.io/private/bot:latest is private
}

// Since keeps only the findings that a change adds: here the second line for
// one tag.
func ExampleResult_Since() {
	const mapping = "core-services/image-mirroring/team/mapping_team"
	before, err := release.Load(fstest.MapFS{mapping: {Data: []byte("a.io/app:1 quay.io/team/app:1\n")}})
	if err != nil {
		log.Fatal(err)
	}
	after, err := release.Load(fstest.MapFS{mapping: {Data: []byte("a.io/app:2 quay.io/team/app:1\na.io/app:1 quay.io/team/app:1\n")}})
	if err != nil {
		log.Fatal(err)
	}
	result := validate.Run(after, validate.Rules()...)
	result.Since(before, after, validate.Rules()...)
	for _, f := range result.Findings {
		fmt.Println(f.Pos, f.Rule)
	}
	// Output:
	// core-services/image-mirroring/team/mapping_team:1:12 duplicate-destination
}
