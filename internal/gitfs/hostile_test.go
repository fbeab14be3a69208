package gitfs_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// git runs no command from the configuration of a checkout.
func TestConfigurationOfTheCheckout(t *testing.T) {
	dir := repository(t)
	ran := filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(dir, ".git", "evil")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho ran >> "+ran+"\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	hooks := filepath.Join(dir, ".git", "hooks")
	if err := os.MkdirAll(hooks, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{"post-index-change", "post-checkout", "reference-transaction", "fsmonitor-watchman"} {
		if err := os.WriteFile(filepath.Join(hooks, hook), []byte("#!/bin/sh\necho ran >> "+ran+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitattributes"), []byte("* filter=evil diff=evil\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, set := range [][2]string{
		{"core.fsmonitor", script}, {"core.hooksPath", hooks}, {"diff.external", script}, {"core.pager", script}, {"pager.diff", script},
		{"filter.evil.clean", script}, {"filter.evil.smudge", script}, {"filter.evil.process", script}, {"diff.evil.command", script}, {"diff.evil.textconv", script},
		{"core.sshCommand", script}, {"credential.helper", "!" + script}, {"core.askPass", script}, {"alias.rev-parse", "!" + script}, {"core.editor", script},
	} {
		if out, err := exec.Command("git", "-C", dir, "config", set[0], set[1]).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	f, err := gitfs.Open(dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := fs.ReadFile(f, "sub/a"); err != nil || string(data) != "one\n" {
		t.Errorf("%q, %v", data, err)
	}
	if changed, err := gitfs.Changed(f, f, []string{""}, []string{"sub"}); err != nil || len(changed) > 0 {
		t.Errorf("%v, %v", changed, err)
	}
	if changed, err := gitfs.Changed(f, os.DirFS(dir), []string{""}, []string{"sub"}); err != nil || len(changed) == 0 {
		t.Errorf("%v, %v", changed, err)
	}
	if _, err := gitfs.Contains(dir, "HEAD", "HEAD"); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(ran); err == nil {
		t.Errorf("a command of the checkout ran: %s", text)
	}
	if out, err := exec.Command("git", "-C", dir, "config", "remote.x.uploadpack", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := gitfs.Open(dir, "HEAD"); err == nil {
		t.Error("a checkout was read whose configuration names a command to fetch with")
	}
}

// Missing objects are fetched without a command of the configuration, and a
// repository inside the tree is not used for the tree.
func TestCloneWithoutObjects(t *testing.T) {
	dir := repository(t)
	base := t.TempDir()
	clone, other, ran := filepath.Join(base, "clone"), filepath.Join(base, "other.git"), filepath.Join(base, "ran")
	git := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
	}
	git("-C", dir, "config", "uploadpack.allowFilter", "true")
	git("-C", dir, "config", "uploadpack.allowAnySHA1InWant", "true")
	git("clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+dir, clone)
	git("init", "-q", "--bare", other)
	if err := os.WriteFile(filepath.Join(clone, ".git", "objects", "info", "alternates"), []byte(other+"/objects\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	git("-C", clone, "config", "core.alternateRefsCommand", "touch "+ran+";:")
	f, err := gitfs.Open(clone, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := fs.ReadFile(f, "sub/a"); err != nil || string(data) != "one\n" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command of the clone ran")
	}
	inner := filepath.Join(dir, "inner")
	git("clone", "-q", "--bare", dir, inner)
	if f, err := gitfs.Open(inner, "HEAD"); err == nil {
		f.Close()
		t.Error("a bare repository in the tree was read")
	}
	outside := filepath.Join(t.TempDir(), "outside.git")
	git("clone", "-q", "--bare", dir, outside)
	alone, err := gitfs.Open(outside, "HEAD")
	if err != nil {
		t.Fatalf("a bare repository outside any checkout: %v", err)
	}
	alone.Close()
}

// A revision is never read as an option, and replaced objects are not used.
func TestOptionsAndReplacements(t *testing.T) {
	dir := repository(t)
	for _, revision := range []string{"--output=x", "-h", "--all"} {
		if _, err := gitfs.Open(dir, revision); !errors.Is(err, gitfs.ErrRevision) {
			t.Errorf("%s: %v", revision, err)
		}
		if _, err := gitfs.Contains(dir, revision, "HEAD"); !errors.Is(err, gitfs.ErrRevision) {
			t.Errorf("Contains %s: %v", revision, err)
		}
	}
	if out, err := exec.Command("git", "-C", dir, "replace", "HEAD:sub/a", "HEAD:top").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := gitfs.Open(dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := fs.ReadFile(f, "sub/a"); err != nil || string(data) != "one\n" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := f.ReadFileAtMost("sub/a", 2); !errors.Is(err, treefs.ErrTooBig) {
		t.Errorf("more bytes than asked for: %v", err)
	}
	if data, err := fs.ReadFile(f, "top"); err != nil || string(data) != "top\n" {
		t.Errorf("after an object that was too large: %q, %v", data, err)
	}
}
