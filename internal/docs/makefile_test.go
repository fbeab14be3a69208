package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// The list of targets needs neither Go nor the network. A target that needs Go
// reports a missing Go command, and one that is too old to download another.
func TestMakefileWithoutGo(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skipf("no make: %v", err)
	}
	dir := t.TempDir()
	old := filepath.Join(dir, "go")
	if err := os.WriteFile(old, []byte("#!/bin/sh\necho go version go1.19.8 linux/amd64\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	for _, tt := range []struct{ target, goCommand, stdout, stderr string }{
		{"help", missing, "  demo  ", ""},
		{"demo", missing, "", "no Go command found, but Go 1.26 is required: install it from https://go.dev/dl/"},
		{"demo", old, "", "go1.19.8 found, but Go 1.26 is required: install it from https://go.dev/dl/"},
	} {
		cmd := exec.Command("make", tt.target, "GO="+tt.goCommand)
		cmd.Dir = testkit.Root()
		// The variables of the make that runs the tests do not apply to this one.
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if (err == nil) != (tt.stderr == "") {
			t.Errorf("make %s GO=%s: %v", tt.target, tt.goCommand, err)
		}
		if !strings.Contains(stdout.String(), tt.stdout) {
			t.Errorf("make %s GO=%s printed %s, want %q", tt.target, tt.goCommand, &stdout, tt.stdout)
		}
		if got := stderr.String(); !strings.Contains(got, tt.stderr) || tt.stderr == "" && got != "" {
			t.Errorf("make %s GO=%s reported %s, want %q", tt.target, tt.goCommand, got, tt.stderr)
		}
	}
}
