package hostile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Secret is the text of a file outside of a tree, which no command may print.
const Secret = "hunter2-outside"

// Outside is a folder beside a tree, which no command may change or show.
type Outside string

// NewOutside makes the folder with a file, secret, and a folder, folder.
func NewOutside(t testing.TB) Outside {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(Secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Outside(dir)
}

// Check fails the test if something in the folder was changed.
func (o Outside) Check(t testing.TB) {
	t.Helper()
	var names []string
	err := filepath.WalkDir(string(o), func(name string, _ fs.DirEntry, err error) error {
		names = append(names, strings.TrimPrefix(name, string(o)))
		return err
	})
	if got := strings.Join(names, " "); err != nil || got != " /folder /secret" {
		t.Errorf("outside of the tree there is now %s, %v", got, err)
	}
	if text, err := os.ReadFile(filepath.Join(string(o), "secret")); err != nil || string(text) != Secret {
		t.Errorf("a file outside of the tree is now %q, %v", text, err)
	}
}

// A Link is a symbolic link that a pull request puts where a command writes.
type Link struct {
	Name string
	// Set puts it at a path of a tree. Whatever is at the path goes.
	Set func(t testing.TB, o Outside, tree, target string)
}

// Links returns the ways in which a link can lead out of a tree.
func Links() []Link {
	to := func(at func(target string) string, lead ...string) func(testing.TB, Outside, string, string) {
		return func(t testing.TB, o Outside, tree, target string) {
			t.Helper()
			name := filepath.Join(tree, filepath.FromSlash(at(target)))
			if err := os.RemoveAll(name); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			// All but the last are links of the tree.
			for i, l := range lead {
				next := filepath.Join(string(o), l)
				if i+1 < len(lead) {
					next = l
				}
				if err := os.Symlink(next, name); err != nil {
					t.Fatal(err)
				}
				name = filepath.Join(filepath.Dir(name), l)
			}
		}
	}
	file := func(target string) string { return target }
	folder := func(target string) string { return filepath.ToSlash(filepath.Dir(target)) }
	return []Link{
		{"to a file", to(file, "secret")},
		{"to nothing", to(file, "new")},
		{"to a folder", to(file, "folder")},
		{"through another link", to(file, "second-link", "secret")},
		{"of the folder", to(folder, "folder")},
		{"of the folder, to nothing", to(folder, "new")},
		{"of the folder, through another link", to(folder, "second-link", "folder")},
	}
}
