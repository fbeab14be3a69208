package release_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// A position belongs to the set whose folder or job it is in.
func TestSetAt(t *testing.T) {
	const jobs = "ci-operator/jobs/infra-image-mirroring.yaml"
	tree, err := release.Load(fstest.MapFS{
		"core-services/image-mirroring/webshop/mapping_webshop_a": {Data: []byte("a.io/a/b:c quay.io/a/b:c\n")},
		"core-services/image-mirroring/tools/mapping_tools":       {Data: []byte("a.io/a/b:d quay.io/a/b:d\n")},
		jobs: {Data: []byte(`periodics:
- name: periodic-image-mirroring-webshop
  spec:
    containers:
    - command: [oc, image, mirror, -f, /etc/imagemirror/mapping_webshop*]
      volumeMounts:
      - {name: maps, mountPath: /etc/imagemirror}
    volumes:
    - {name: maps, configMap: {name: image-mirror-mappings}}
- name: unrelated
`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		pos  source.Position
		want string
	}{
		{source.Position{File: "core-services/image-mirroring/tools/mapping_tools", Line: 1}, "tools"},
		{source.Position{File: "core-services/image-mirroring/tools"}, "tools"},
		{source.Position{File: "core-services/image-mirroring/missing/x"}, ""},
		{source.Position{File: jobs, Line: 1}, ""},
		{source.Position{File: jobs, Line: 2}, "webshop"},
		{source.Position{File: jobs, Line: 9, Column: 3}, "webshop"},
		{source.Position{File: jobs, Line: 10}, ""},
		{source.Position{File: "OWNERS_ALIASES", Line: 2}, ""},
	} {
		got := ""
		if set := tree.Runs().SetAt(tt.pos); set != nil {
			got = set.Name
		}
		if got != tt.want {
			t.Errorf("%s belongs to %q, want %q", tt.pos, got, tt.want)
		}
	}
}

// The files that a pattern matches are sorted by set and name.
func TestMatching(t *testing.T) {
	fsys := fstest.MapFS{}
	for _, file := range []string{"a/mapping_z", "a/mapping_b_1", "b/mapping_a", "b/mapping_b_2", "c/mapping_b_1", "c/mapping_bb"} {
		fsys["core-services/image-mirroring"+"/"+file] = &fstest.MapFile{Data: []byte("a.io/a/b:c quay.io/a/b:c\n")}
	}
	tree, err := release.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"*": "ab_1 az ba bb_2 cb_1 cbb", "mapping_b_*": "ab_1 bb_2 cb_1", "mapping_b_1": "ab_1 cb_1", "mapping_[az]": "az ba",
		"mapping_b?1": "ab_1 cb_1", "mapping_b": "", "mapping_c*": "", "[": "", `mapping_\z`: "az",
	} {
		var got []string
		for _, m := range tree.Runs().Matching(pattern) {
			got = append(got, m.Set.Name+strings.TrimPrefix(m.Base, "mapping_"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", pattern, got, want)
		}
	}
}
