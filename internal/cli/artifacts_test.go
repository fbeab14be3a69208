package cli_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

func TestArtifactsDir(t *testing.T) {
	for _, tt := range []struct {
		flag string
		vars map[string]string
		want string
	}{
		{"", nil, ""},
		{"", map[string]string{"ARTIFACT_DIR": "step"}, "step"},
		{"", map[string]string{"ARTIFACT_DIR": "step", "ARTIFACTS": "prow"}, "prow"},
		{"flag", map[string]string{"ARTIFACT_DIR": "step", "ARTIFACTS": "prow"}, "flag"},
	} {
		env := cli.Env{Getenv: func(k string) string { return tt.vars[k] }}
		if got := cli.ArtifactsDir(env, tt.flag); got != tt.want {
			t.Errorf("%q with %v: %q, want %q", tt.flag, tt.vars, got, tt.want)
		}
	}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// A file that cannot be written is reported, keeps its old content, and does
// not stop the others.
func TestWriteArtifacts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := cli.WriteArtifacts(dir, cli.Artifact{Name: "one", Write: text("old")}); err != nil {
		t.Fatal(err)
	}
	full := func(w io.Writer) error {
		if err := text("half")(w); err != nil {
			return err
		}
		return &os.PathError{Op: "write", Path: "one", Err: syscall.ENOSPC}
	}
	err := cli.WriteArtifacts(dir, cli.Artifact{Name: "one", Write: full}, cli.Artifact{Name: "two", Write: text("new")})
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "the report one could not be written: ") {
		t.Errorf("a full disk: %v", err)
	}
	for name, want := range map[string]string{"one": "old", "two": "new"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("%v, %v: want two files and nothing temporary", files, err)
	}
	if err := cli.WriteArtifacts(filepath.Join(dir, "one", "sub"), cli.Artifact{Name: "x", Write: text("")}); err == nil {
		t.Error("a folder below a file was written")
	}
}

func TestMetadata(t *testing.T) {
	dir := t.TempDir()
	write := func(want string, m cli.Artifact) {
		t.Helper()
		if err := cli.WriteArtifacts(dir, m); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "metadata.json"))
		if err != nil || strings.Join(strings.Fields(string(got)), "") != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	write(`{"mirror-lint-errors":"2"}`, cli.Metadata(dir, "mirror-lint", map[string]string{"errors": "2"}))
	write(`{"mirror-copied":"1","mirror-lint-errors":"2"}`, cli.Metadata(dir, "mirror", map[string]string{"copied": "1"}))
	write(`{"mirror-copied":"3","mirror-lint-errors":"2"}`, cli.Metadata(dir, "mirror", map[string]string{"copied": "3"}))
	if err := os.WriteFile(filepath.Join(dir, "metadata.json"), []byte("{half"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(`{"mirror-copied":"3"}`, cli.Metadata(dir, "mirror", map[string]string{"copied": "3"}))
}
