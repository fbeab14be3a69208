package overlay_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/internal/overlay"
)

func TestFS(t *testing.T) {
	base := fstest.MapFS{"a/x": {Data: []byte("old")}, "a/y": {Data: []byte("y")}, "a/w": {Data: []byte("w")}}
	o := overlay.FS{Base: base, Files: map[string][]byte{"a/x": []byte("new"), "b/c/d": []byte("d"), "a/z": nil}, Gone: map[string]bool{"a/w": true}}
	for name, want := range map[string]string{"a/x": "new", "a/y": "y", "b/c/d": "d", "a/z": ""} {
		f, err := o.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(f); err != nil || b.String() != want {
			t.Errorf("%s: %q %v", name, b.String(), err)
		}
	}
	for name, want := range map[string]bool{"a/x": true, "a/y": true, "a/w": false, "a/v": false} {
		if _, err := o.ReadFile(name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := o.Open(name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for dir, want := range map[string]string{".": "a/ b/", "a": "x y z", "b": "c/", "b/c": "d"} {
		entries, err := o.ReadDir(dir)
		var got []string
		for _, e := range entries {
			name := e.Name()
			if e.IsDir() {
				name += "/"
			}
			got = append(got, name)
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v %v", dir, got, err)
		}
	}
	if _, err := o.ReadDir("gone"); err == nil {
		t.Error("a folder that is not there has entries")
	}
}
