package release_test

import (
	"testing"

	"github.com/mattn/go-zglob"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// TestGlobsAsConfigUpdater compares our matching with the library of Prow's
// config-updater.
func TestGlobsAsConfigUpdater(t *testing.T) {
	const dir = "core-services/image-mirroring/"
	globs := []string{
		dir + "**/mapping_*", dir + "*/mapping_*", dir + "**/mapping_x*", dir + "team/mapping_a", "core-services/**/mapping_*",
		dir + "**", dir + "*/*", "**/mapping_*", dir + "**/mapping_?", dir + "team/*_a",
	}
	files := []string{
		dir + "team/mapping_a", dir + "team/mapping_xy", dir + "team/deep/mapping_a", dir + "mapping_a", dir + "team/_mapping_a",
		dir + "team/mapping_dir/a", dir + "team/OWNERS", "core-services/other/mapping_a", "mapping_a", dir + "team/mapping_", dir + "team/x.mapping_a",
	}
	matched := 0
	for _, g := range globs {
		for _, f := range files {
			want, err := zglob.Match(g, f)
			if err != nil {
				t.Fatal(err)
			}
			if got := (release.UpdaterMap{Glob: g}).Matches(f); got != want {
				t.Errorf("%s and %s: %v, config-updater says %v", g, f, got, want)
			}
			if want {
				matched++
			}
		}
	}
	if matched < 20 {
		t.Errorf("the table has only %d matches", matched)
	}
}
