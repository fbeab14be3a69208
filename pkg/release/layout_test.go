package release_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// elsewhere is a repository with other folders than openshift/release.
func elsewhere() fstest.MapFS {
	return fstest.MapFS{
		"mirror-tools.yaml": file(`layout:
  mirroring: images/sets
  jobs_file: prow/jobs/mirroring.yaml
  ci_operator_config: builds
  plugins_file: prow/plugins.yaml
  secrets_file: secrets.yaml
  releases: none
  aliases_file: PEOPLE
  manifests: [cluster/roles]
`),
		"images/sets/shop/mapping_shop":   file("ci.example.org/shop/main:web quay.io/shop/web:latest\n"),
		"images/sets/shop/OWNERS":         file("approvers: [team]\n"),
		"images/sets/_mirror.yaml":        file("namespace: mirrors\n"),
		"prow/jobs/mirroring.yaml":        file("periodics:\n- name: periodic-image-mirroring-shop\n"),
		"prow/plugins.yaml":               file("config_updater: {maps: {images/sets/**/mapping_*: {name: m}}}\n"),
		"secrets.yaml":                    file("secret_configs:\n- {from: {a: {item: x}}, to: [{cluster: c, namespace: n, name: push}]}\n"),
		"PEOPLE":                          file("aliases: {team: [ada]}\n"),
		"builds/org/shop/org-shop-m.yaml": file("images:\n- to: web\npromotion:\n  to:\n  - namespace: shop\n    name: main\n"),
		"cluster/roles/a.yaml":            file("kind: Namespace\nmetadata:\n  name: shop\n"),
	}
}

func TestLayoutOfTheRepository(t *testing.T) {
	tree, err := release.Load(elsewhere())
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Problems) > 0 {
		t.Error(tree.Problems)
	}
	if len(tree.Sets) != 1 || tree.Sets[0].Dir != "images/sets/shop" || len(tree.Sets[0].Files) != 1 {
		t.Errorf("sets: %+v", tree.Sets)
	}
	if tree.Jobs == nil || tree.Jobs.Path != "prow/jobs/mirroring.yaml" || len(tree.Jobs.Jobs) != 1 {
		t.Errorf("jobs: %+v", tree.Jobs)
	}
	if tree.Settings.Namespace != "mirrors" || tree.Aliases.Members["team"] == nil {
		t.Errorf("settings %+v, aliases %+v", tree.Settings, tree.Aliases)
	}
	tag := release.ImageTag{Stream: release.Stream{Namespace: "shop", Name: "main"}, Tag: "web"}
	if len(tree.Promotions().Of(tag)) != 1 || len(tree.Secrets().Named("push")) != 1 || len(tree.Updater().Maps) != 1 || len(tree.Manifests().Namespaces) != 1 || tree.Manifests().Namespaces["shop"].Line == 0 {
		t.Errorf("promotions %+v, secrets %+v, updater %+v", tree.Promotions().All, tree.Secrets().List, tree.Updater().Maps)
	}
	if set := tree.Runs().SetAt(tree.Sets[0].Owners.Approvers[0].Pos); set != tree.Sets[0] {
		t.Errorf("the OWNERS file belongs to %v", set)
	}
}

// WithLayout overrides the layout of the repository, and jobs_file of
// _mirror.yaml overrides both.
func TestWithLayout(t *testing.T) {
	fsys := elsewhere()
	fsys["mirror-tools.yaml"] = file("layout: {mirroring: nowhere}\n")
	fsys["images/sets/_mirror.yaml"] = file("jobs_file: other.yaml\n")
	fsys["other.yaml"] = file("periodics: []\n")
	layout := release.DefaultLayout()
	layout.Mirroring = "images/sets"
	tree, err := release.Load(fsys, release.WithLayout(layout))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Sets) != 1 || tree.Layout.Jobs != "other.yaml" || tree.Jobs == nil || tree.Jobs.Path != "other.yaml" {
		t.Errorf("sets %v, layout %+v", tree.Sets, tree.Layout)
	}
	_, err = release.Load(fsys)
	if !errors.Is(err, release.ErrNotRelease) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestLayoutProblems(t *testing.T) {
	layout, problems := release.ParseLayout("mirror-tools.yaml", []byte(`layout:
  mirroring: ../sets
  mirrorings: x
  secrets_file: /etc/passwd
  manifests: [a/, ../b]
other: 1
`))
	var got []string
	for _, p := range problems {
		got = append(got, p.Error())
	}
	want := []string{
		"mirror-tools.yaml:2:14: mirroring \"../sets\" leads out of the repository",
		`mirror-tools.yaml:3:3: unknown setting "mirrorings"`,
		"mirror-tools.yaml:4:17: secrets_file \"/etc/passwd\" is an absolute path",
		"mirror-tools.yaml:5:14: manifests \"../b\" leads out of the repository",
		`mirror-tools.yaml:6:1: unknown setting "other"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if layout.Mirroring != release.DefaultLayout().Mirroring || layout.Manifests[0] != "a" {
		t.Errorf("%+v", layout)
	}
}
