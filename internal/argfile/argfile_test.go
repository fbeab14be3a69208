package argfile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// repository creates a release repository beside a second one and a folder.
func repository(t *testing.T) (dir, other, folder string) {
	t.Helper()
	base := t.TempDir()
	dir, other, folder = filepath.Join(base, "release"), filepath.Join(base, "other"), filepath.Join(base, "folder")
	for _, d := range []string{dir + "/core-services/image-mirroring", dir + "/out", other + "/core-services/image-mirroring", folder} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, other, folder
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func TestWrite(t *testing.T) {
	dir, other, folder := repository(t)
	link(t, "file", dir+"/out/inside")
	link(t, other, dir+"/other")
	link(t, folder, dir+"/folder")
	link(t, "../folder/new", dir+"/out-of-it")
	link(t, "file", folder+"/link")
	if err := syscall.Mkfifo(dir+"/out/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		lands string // "" for an error
		err   error
	}{
		{dir + "/out/plain", dir + "/out/plain", nil},
		{dir + "/out/inside", dir + "/out/file", nil},
		{dir + "/out/../top", dir + "/top", nil},
		{dir + "/other/file", "", atomicfile.ErrOutside}, // another repository is outside, too
		{dir + "/folder/file", "", atomicfile.ErrOutside},
		{dir + "/out-of-it", "", atomicfile.ErrOutside},
		{dir + "/absent/file", "", fs.ErrNotExist},
		{dir + "/out/pipe", "", nil},
		{folder + "/link", folder + "/file", nil},
		{folder + "/absent/file", "", fs.ErrNotExist},
	} {
		err := argfile.Write(tt.name, text(tt.name))
		if tt.lands == "" {
			if err == nil || tt.err != nil && !errors.Is(err, tt.err) && !errors.Is(err, treefs.ErrOutside) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
			}
			continue
		}
		if got, e := os.ReadFile(tt.lands); err != nil || e != nil || string(got) != tt.name {
			t.Errorf("%s: %v; %s holds %q, %v", tt.name, err, tt.lands, got, e)
		}
	}
}

func TestOpen(t *testing.T) {
	dir, _, folder := repository(t)
	for _, name := range []string{folder + "/secret", dir + "/plain"} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link(t, "plain", dir+"/inside")
	link(t, folder+"/secret", dir+"/outside")
	link(t, "secret", folder+"/link")
	if err := syscall.Mkfifo(dir+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir + "/plain", dir + "/inside", folder + "/link"} {
		if got, err := argfile.ReadFile(name); err != nil || string(got) != "x" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]error{dir + "/outside": treefs.ErrOutside, dir + "/pipe": treefs.ErrSpecial} {
		if _, err := argfile.ReadFile(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestFolders(t *testing.T) {
	dir, _, folder := repository(t)
	link(t, folder, dir+"/link")
	link(t, folder+"/absent", dir+"/dangling")
	for name, good := range map[string]bool{dir: true, dir + "/out/a/b": true, folder + "/a/b": true, dir + "/link": false, dir + "/link/a": false, dir + "/dangling": false} {
		err := argfile.MkdirAll(name)
		var in *treefs.FS
		if err == nil {
			in, err = argfile.OpenFolder(name)
		}
		if (err == nil) != good {
			t.Errorf("%s: %v, want good: %v", name, err, good)
		}
		if err != nil {
			continue
		}
		if err := atomicfile.WriteIn(in.Root(), []atomicfile.File{{Path: "file", Data: []byte("x")}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		in.Close()
		if _, err := os.Stat(filepath.Join(name, "file")); err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v: want the folder a only", entries, err)
	}
}
