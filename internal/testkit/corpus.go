package testkit

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Corpus returns the folder with real data: $MIRROR_CORPUS, else ../shared/corpus
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

// CorpusTree unpacks a release repository of the real data, such as
// "release-2022-12.tar.gz", into a folder that goes with the test.
func CorpusTree(t testing.TB, archive string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(Corpus(t), archive))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return root.Name()
		} else if err != nil {
			t.Fatal(err)
		}
		switch name := filepath.Clean(h.Name); h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeReg:
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = errors.Join(root.MkdirAll(filepath.Dir(name), 0o755), root.WriteFile(name, data, 0o644))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
