package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// Generated compares a generated file of this project, named from its root, with
// the text that it should have. With UPDATE=1 it writes the file instead.
func Generated(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(Root(), filepath.FromSlash(name))
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v: run make golden", err)
	} else if string(got) != text {
		t.Errorf("%s is not current: run make golden", name)
	}
}
