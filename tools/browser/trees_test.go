package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// trees returns release repositories by name: a small one with mistakes and, if
// real data is available, the real one.
func trees(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{"small": filepath.Join(root(t), "testdata", "release")}
	if real := realTree(); real != "" {
		out["2022"] = real
	} else {
		t.Log("no real data: set MIRROR_CORPUS to the folder that has it")
	}
	return out
}

// realTree unpacks the real tree of 2022 once and returns its folder, or "" without
// real data.
var realTree = sync.OnceValue(func() string {
	corpus := os.Getenv("MIRROR_CORPUS")
	if corpus == "" {
		corpus = "../../../shared/corpus"
	}
	archive := filepath.Join(corpus, "release-2022-12.tar.gz")
	if _, err := os.Stat(archive); err != nil {
		return ""
	}
	dir, err := os.MkdirTemp(scratch, "tree-")
	if err != nil {
		panic(err)
	}
	if out, err := exec.Command("tar", "xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		panic(string(out))
	}
	return dir
})
