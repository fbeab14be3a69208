package argfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// TestReadSmall reads files of other kinds than a plain one.
func TestReadSmall(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, size := range map[string]int64{"most": MaxSmall, "more": MaxSmall + 1} {
		if err := os.WriteFile(in(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(in(name), size); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"silent", "fed"} {
		if err := syscall.Mkfifo(in(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	release := in("release")
	if err := os.MkdirAll(filepath.Join(release, "core-services/image-mirroring"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(in("most"), filepath.Join(release, "out")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(release, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(in("fed"), []byte("text"), 0o600) }()
	for _, tt := range []struct {
		name string
		wait time.Duration
		want error
	}{
		{in("most"), time.Hour, nil},
		{in("more"), time.Hour, treefs.ErrTooBig},
		{"/dev/zero", time.Hour, treefs.ErrTooBig},
		{in("fed"), time.Hour, nil},
		{in("silent"), time.Millisecond, ErrNoData},
		{filepath.Join(release, "out"), time.Hour, treefs.ErrOutside},
		{filepath.Join(release, "pipe"), time.Hour, treefs.ErrSpecial},
		{in("none"), time.Hour, os.ErrNotExist},
	} {
		if _, err := readWithin(tt.name, tt.wait); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
