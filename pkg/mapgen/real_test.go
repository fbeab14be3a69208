package mapgen_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestRealFiles generates the mapping files of the real trees: those of 2024-05
// byte for byte. Of 2022-12, two have a line of an image that its config has
// excluded from promotion since.
func TestRealFiles(t *testing.T) {
	for archive, want := range map[string]struct {
		files, lines int
		removed      []string
	}{
		"release-2024-05.tar.gz": {files: 12, lines: 168},
		"release-2022-12.tar.gz": {files: 9, lines: 2118, removed: []string{"mapping_origin_4_10 build-test-qemu-img", "mapping_origin_4_9 build-test-qemu-img"}},
	} {
		t.Run(archive, func(t *testing.T) {
			r := generate(t, realTree(t, archive))
			if p := problems(r); p != "" || len(r.Stale) > 0 {
				t.Errorf("problems %s, stale %v", p, r.Stale)
			}
			lines := 0
			var removed []string
			for _, f := range r.Files {
				old := map[string]bool{}
				for l := range strings.Lines(string(f.Old)) {
					old[l] = true
				}
				for l := range strings.Lines(string(f.New)) {
					lines++
					if !old[l] {
						t.Errorf("%s: a line too many: %s", f.Path, l)
					}
					delete(old, l)
				}
				for l := range maps.Keys(old) {
					source, _, _ := strings.Cut(l, " ")
					removed = append(removed, filepath.Base(f.Path)+" "+source[strings.LastIndexByte(source, ':')+1:])
				}
				if len(old) == 0 && f.Changed() {
					t.Errorf("%s has the same lines and other bytes", f.Path)
				}
			}
			slices.Sort(removed)
			if diff := cmp.Diff(want.removed, removed); diff != "" || len(r.Files) != want.files || lines != want.lines {
				t.Errorf("%d files of %d lines, want %d of %d; lines that are not made (-want +got):\n%s", len(r.Files), lines, want.files, want.lines, diff)
			}
		})
	}
}

// realTree reads an archive of the real data, or skips the test.
func realTree(t *testing.T, archive string) fstest.MapFS {
	t.Helper()
	dir := os.Getenv("MIRROR_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	f, err := os.Open(filepath.Join(dir, archive))
	if err != nil {
		t.Skipf("no real data: %v (set MIRROR_CORPUS)", err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fsys
		} else if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		fsys[strings.TrimPrefix(h.Name, "./")] = &fstest.MapFile{Data: data}
	}
}
