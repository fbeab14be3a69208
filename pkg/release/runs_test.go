package release_test

import (
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/internal/source"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// A place belongs to the set whose folder it lies in or whose job stands there.
func TestSetAt(t *testing.T) {
	const jobs = release.DefaultJobsFile
	tree, err := release.Load(fstest.MapFS{
		release.MirroringDir + "/webshop/mapping_webshop_a": {Data: []byte("a.io/a/b:c quay.io/a/b:c\n")},
		release.MirroringDir + "/tools/mapping_tools":       {Data: []byte("a.io/a/b:d quay.io/a/b:d\n")},
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
		{source.Position{File: release.MirroringDir + "/tools/mapping_tools", Line: 1}, "tools"},
		{source.Position{File: release.MirroringDir + "/tools"}, "tools"},
		{source.Position{File: release.MirroringDir + "/missing/x"}, ""},
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
