package jobgen

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// A job in another file stays the only one of its set after an import.
func TestImportElsewhere(t *testing.T) {
	text, err := os.ReadFile("testdata/cases/elsewhere.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tree := files(string(text))
	for name := range tree {
		if strings.HasPrefix(name, "want/") || strings.HasSuffix(name, "/_mirror.yaml") {
			delete(tree, name)
		}
	}
	im, err := Import(mustLoad(t, tree))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range im.Files {
		tree[f.Path] = &fstest.MapFile{Data: f.New}
	}
	if got := string(tree["core-services/image-mirroring/alpha/_job.yaml"].Data); got != "run_by: alpha-images\n" {
		t.Errorf("the settings are %q", got)
	}
	out, err := Generate(mustLoad(t, tree), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if out.Jobs.Changed() || len(out.Added)+len(out.Notes) > 0 {
		t.Errorf("added %v, notes %v:\n%s", out.Added, out.Notes, out.Jobs.Diff())
	}
}
