package routes_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// promotesWeb is a configuration that promotes web to the stream lab/1.0.
const promotesWeb = `images:
- to: web
promotion:
  to:
  - name: "1.0"
    namespace: lab
`

// A tag that ci-images-mirror copies from openshift/ci to the CI registry is not
// published in openshift/ci by that copy.
func TestOriginOfBackfill(t *testing.T) {
	tree, err := release.Load(fstest.MapFS{
		"ci-operator/config/acme/web/acme-web-main.yaml": {Data: []byte(promotesWeb)},
		"core-services/image-mirroring/_config.yaml": {Data: []byte(`qciToAppCIImages:
  lab/1.0:web: {}
  lab/1.0:tools: {}
`)},
		"core-services/image-mirroring/team/mapping_team": {Data: []byte("quay.io/openshift/ci:lab_1.0_web quay.io/team/web:1\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	index := routes.New(tree)
	for text, want := range map[string]routes.Kind{
		"quay.io/openshift/ci:lab_1.0_web":                       routes.Promoted,
		"quay.io/openshift/ci:lab_1.0_tools":                     routes.Nothing,
		"quay-proxy.ci.openshift.org/openshift/ci:lab_1.0_tools": routes.Nothing,
		"registry.ci.openshift.org/lab/1.0:tools":                routes.Published,
	} {
		r, _ := mapping.ParseReference(text, source.Position{}, true)
		if got := index.Origin(r); got.Kind != want {
			t.Errorf("%s: %s (%s), want %s", text, got.Kind, got.Text, want)
		}
	}
}

// An image stream tag is found in lines that name it, or match it, in openshift/ci.
func TestFindStreamTag(t *testing.T) {
	tree, err := release.Load(fstest.MapFS{
		"ci-operator/config/acme/web/acme-web-main.yaml": {Data: []byte(promotesWeb)},
		"core-services/image-mirroring/team/mapping_team": {Data: []byte(`quay.io/openshift/ci:lab_1.0_w* quay.io/team/some
registry.ci.openshift.org/lab/1.0 quay.io/team/all
quay-proxy.ci.openshift.org/openshift/ci:lab_1.0_web quay.io/team/web:1
quay.io/openshift/ci:lab_1.0_x* quay.io/team/others
`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int{
		"lab/1.0:web": {1, 2, 3},
		"lab/1.0:app": {2},
		"quay.io/openshift/ci-public:lab_1.0_web": {1, 2, 3},
	} {
		found := routes.New(tree).Find(text)
		var lines []int
		for _, r := range found.Routes {
			lines = append(lines, r.Pos().Line)
		}
		if found.How != routes.ByStream || !slices.Equal(lines, want) {
			t.Errorf("%s: found by %s in the lines %v, want %s and %v", text, found.How, lines, routes.ByStream, want)
		}
	}
	byDigest := "registry.ci.openshift.org/lab/1.0@sha256:" + strings.Repeat("1", 64)
	if found := routes.New(tree).Find(byDigest); len(found.Routes) != 0 {
		t.Errorf("%s: found in %d lines, want none", byDigest, len(found.Routes))
	}
}
