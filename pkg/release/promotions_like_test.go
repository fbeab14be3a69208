package release_test

import (
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// TestPromotionsLike compares promotions read from the changed files only with
// those from all files.
func TestPromotionsLike(t *testing.T) {
	config := func(namespace, image string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("images:\n- to: " + image + "\npromotion:\n  to:\n  - {namespace: " + namespace + ", name: v1}\n")}
	}
	const dir = "ci-operator/config/org/"
	one := fstest.MapFS{
		"core-services/image-mirroring/a/mapping_a": {Data: []byte("a.io/b:1 c.io/b:1\n")},
		dir + "a/org-a-main.yaml":                   config("shop", "a"),
		dir + "b/org-b-main.yaml":                   config("shop", "b"),
		dir + "c/org-c-main.yaml":                   config("shop", "c"),
	}
	two := fstest.MapFS{}
	for name, file := range one {
		two[name] = file
	}
	delete(two, dir+"a/org-a-main.yaml")
	two[dir+"b/org-b-main.yaml"] = config("store", "b")
	two[dir+"d/org-d-main.yaml"] = config("shop", "d")
	changed := []string{dir + "d/org-d-main.yaml", dir + "b/org-b-main.yaml", dir + "a/org-a-main.yaml", dir + "README.md"}
	load := func(fsys fstest.MapFS) *release.Tree {
		tree, err := release.Load(fsys)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	for _, pair := range [][2]fstest.MapFS{{one, two}, {two, one}} {
		known, tree := load(pair[0]), load(pair[1])
		got, want := release.PromotionsLike(tree, known.Promotions(), changed), tree.Promotions()
		if !reflect.DeepEqual(got.All, want.All) || len(got.All) != 3 {
			t.Errorf("got %+v, want %+v", got.All, want.All)
		}
		for _, p := range append(known.Promotions().All, want.All...) {
			if got.Filled(p.ImageTag) != want.Filled(p.ImageTag) {
				t.Errorf("%s: got %v", p.ImageTag, got.Filled(p.ImageTag))
			}
		}
	}
}

// TestSamePromotions changes one config in ways that change promotions and in
// ways that do not.
func TestSamePromotions(t *testing.T) {
	const name, promotion = "ci-operator/config/org/a/org-a-main.yaml", "promotion:\n  to:\n  - {namespace: shop, name: v1}\n"
	load := func(config string) *release.Tree {
		fsys := fstest.MapFS{"core-services/image-mirroring/a/mapping_a": {Data: []byte("a.io/b:1 c.io/b:1\n")}}
		if config != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(config)}
		}
		tree, err := release.Load(fsys)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	before := load("images:\n- to: a\n" + promotion)
	for config, want := range map[string]bool{
		"images:\n- to: a\ntests:\n- as: unit\n" + promotion:                                          true,
		"# a note\nimages:\n- to: a\n" + promotion:                                                    true,
		"images:\n- to: b\n" + promotion:                                                              false,
		"images:\n- to: a\n- to: b\n" + promotion:                                                     false,
		"images:\n- {to: a, optional: true}\n" + promotion:                                            false,
		"images:\n- to: a\npromotion:\n  to:\n  - {namespace: shop, name: v1, disabled: true}\n":      false,
		"images:\n- to: a\npromotion:\n  to:\n  - {namespace: shop, name: v1, tag_by_commit: true}\n": false,
		"images: [\n": false,
		"":            false,
	} {
		if got := release.SamePromotions(load(config), before, []string{name}); got != want {
			t.Errorf("%q: same promotions %v, want %v", config, got, want)
		}
	}
	if release.SamePromotions(before, before, []string{"core-services/release-controller/_releases/a.json"}) {
		t.Error("a setting of the release controller counts for nothing")
	}
}
