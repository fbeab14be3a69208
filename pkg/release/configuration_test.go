package release_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// TestConfigurationIsALink: a link in place of the configuration of another
// component is a problem, because rules would be skipped as if there were none.
func TestConfigurationIsALink(t *testing.T) {
	dir := t.TempDir()
	secrets, plugins := "core-services/ci-secret-bootstrap/_config.yaml", "core-services/prow/02_config/_plugins.yaml"
	images := "core-services/image-mirroring/_config.yaml"
	for _, d := range []string{"core-services/image-mirroring", filepath.Dir(secrets), filepath.Dir(plugins)} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	load := func() *release.Tree {
		t.Helper()
		files, err := treefs.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { files.Close() })
		tree, err := release.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	none := load()
	if n := len(none.Secrets().Problems) + len(none.Updater().Problems) + len(none.CIImages().Problems); n > 0 || none.CIImages().Unread || !strings.HasPrefix(none.Secrets().Missing, "no ") {
		t.Errorf("without the files: %d problems, %s", n, none.Secrets().Missing)
	}
	for _, to := range []string{filepath.Join(t.TempDir(), "outside"), "nowhere", filepath.Base(secrets), filepath.Base(plugins)} {
		for _, name := range []string{secrets, plugins, images} {
			at := filepath.Join(dir, name)
			_ = os.Remove(at)
			if err := os.Symlink(to, at); err != nil {
				t.Fatal(err)
			}
		}
		tree := load()
		if len(tree.Secrets().Problems) != 1 || len(tree.Updater().Problems) != 1 {
			t.Errorf("links to %s: %v, %v", to, tree.Secrets().Problems, tree.Updater().Problems)
		}
		if all := tree.CIImages(); len(all.Problems) != 1 || !all.Unread {
			t.Errorf("links to %s: %v, unread: %v", to, all.Problems, all.Unread)
		}
		if why := tree.Secrets().Missing + tree.Updater().Missing; strings.Contains(why, "in the tree") || strings.Contains(why, "outside\"") {
			t.Errorf("links to %s: %s", to, why)
		}
	}
}
