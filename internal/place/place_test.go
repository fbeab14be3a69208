package place

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "release")
	set := filepath.Join(root, "core-services/image-mirroring/webshop")
	for _, folder := range []string{set, filepath.Join(root, "docs"), filepath.Join(dir, "elsewhere")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(set, "mapping_webshop"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	const part = "core-services/image-mirroring/webshop"
	for _, tt := range []struct {
		from, arg string
		want      Place
	}{
		{root, "", Place{Root: "."}},
		{set, "", Place{Root: filepath.FromSlash("../../..")}},
		{set, ".", Place{Root: filepath.FromSlash("../../.."), Part: part}},
		{set, "mapping_webshop", Place{Root: filepath.FromSlash("../../.."), Part: part + "/mapping_webshop"}},
		{root, "webshop", Place{Root: ".", Part: part}},
		{dir, "release", Place{Root: "release"}},
		{dir, "release/docs", Place{Root: "release", Part: "docs"}},
		{dir, root, Place{Root: root}},
		{dir, set, Place{Root: root, Part: part}},
		{dir, "elsewhere", Place{Root: "elsewhere"}},
		{dir, "", Place{Root: "."}},
	} {
		t.Chdir(tt.from)
		if got, err := Find(tt.arg); err != nil || got != tt.want {
			t.Errorf("%q in %s: %+v, %v, want %+v", tt.arg, tt.from, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ from, arg, hint string }{
		{root, "webshpo", "did you mean webshop?"},
		{root, "explian", "did you mean explain?"},
		{dir, "explian", "did you mean explain?"},
		{root, "nothing-like-it", "the sets are the folders of core-services/image-mirroring"},
		{dir, "absent", ""},
	} {
		t.Chdir(tt.from)
		_, err := Find(tt.arg, "explain")
		var e *cli.Error
		if !errors.As(err, &e) || e.Code != cli.ExitUsage || e.Hint != tt.hint {
			t.Errorf("%q in %s: %v, want the hint %q", tt.arg, tt.from, err, tt.hint)
		}
	}
}

func TestHas(t *testing.T) {
	p := Place{Root: ".", Part: "a/b"}
	for file, want := range map[string]bool{"a/b": true, "a/b/c": true, "a/bc": false, "a": false} {
		if p.Has(file) != want || !(Place{Root: "."}).Has(file) {
			t.Errorf("%s", file)
		}
	}
}

// A tree may bring any kind of file in the place of mirror-tools.yaml: finding the
// root neither waits for a pipe nor reads a device until memory is full.
func TestFindOpensNoPipe(t *testing.T) {
	for name, bring := range map[string]func(file string) error{
		"pipe":       func(file string) error { return syscall.Mkfifo(file, 0o600) },
		"device":     func(file string) error { return os.Symlink("/dev/zero", file) },
		"loop":       func(file string) error { return os.Symlink("mirror-tools.yaml", file) },
		"folder":     func(file string) error { return os.Mkdir(file, 0o755) },
		"large file": func(file string) error { return errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 1<<30)) },
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "core-services/image-mirroring/webshop"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := bring(filepath.Join(dir, "mirror-tools.yaml")); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		for _, arg := range []string{"", ".", "webshop"} {
			if got, err := Find(arg); err != nil || got.Root != "." {
				t.Errorf("%s: %q: %+v, %v", name, arg, got, err)
			}
		}
	}
}
