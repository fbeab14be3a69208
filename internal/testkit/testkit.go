// Package testkit is what tests share: registries as real HTTP servers, images
// of every shape, an independent check of what arrived, and real data.
//
// It promises that whatever it starts ends with the test, that servers listen on
// loopback addresses only, and that nothing is skipped without a printed reason.
package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Root is the root folder of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Corpus gives the folder with real data: $MIRROR_CORPUS, else ../shared/corpus
// beside the module. A test that needs it is skipped where it is absent.
func Corpus(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("MIRROR_CORPUS")
	if dir == "" {
		dir = filepath.Join(Root(), "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "README.md")); err != nil {
		t.Skipf("no real data at %s: set MIRROR_CORPUS to the folder that has it", dir)
	}
	return dir
}
