package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hashes returns name and SHA-256 of every file below a folder.
func hashes(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		all = append(all, fmt.Sprintf("%x  %s", sha256.Sum256(data), path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a command for two systems: left out with -short")
	}
	first, second := t.TempDir(), t.TempDir()
	write(t, "-release", first, "mirror-lint", "linux/amd64,darwin/arm64")
	write(t, "-release", second, "mirror-lint", "linux/amd64,darwin/arm64")
	all := hashes(t, first)
	if b := hashes(t, second); !slices.Equal(all, b) {
		t.Errorf("two builds differ:\n%s\n%s", strings.Join(all, "\n"), strings.Join(b, "\n"))
	}
	sums, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		if !slices.Contains(all, strings.TrimSpace(line)) {
			t.Errorf("SHA256SUMS: no file is %q", line)
		}
	}
	for _, p := range []string{"linux_amd64", "darwin_arm64"} {
		name := "mirror-tools_" + testVersion + "_" + p
		files := read(t, filepath.Join(first, name+".tar.gz"))
		for _, want := range []string{
			"README.md", "bin/mirror-lint", "sbom/mirror-lint.cdx.json", "man/man1/mirror-lint.1", "man/man1/mirror-lint-explain.1",
			"completions/bash/mirror-lint", "completions/zsh/_mirror-lint", "completions/fish/mirror-lint.fish",
		} {
			if len(files[name+"/"+want]) == 0 {
				t.Errorf("%s has no %s", name, want)
			}
		}
		if !strings.Contains(files[name+"/completions/zsh/_mirror-lint"], "#compdef mirror-lint") {
			t.Errorf("%s: the completion for zsh is not valid", name)
		}
	}
}

// read returns the files of an archive.
func read(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for tr := tar.NewReader(zip); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(data)
	}
}

func TestPageOf(t *testing.T) {
	for _, c := range []struct {
		command, page string
		want          bool
	}{
		{"mirror", "mirror.1", true}, {"mirror", "mirror-run.1", true}, {"mirror", "mirror-lint.1", false},
		{"mirror", "mirror-jobgen-new.1", false}, {"mirror-lint", "mirror-lint-rules.1", true},
	} {
		if got := pageOf(c.command, c.page); got != c.want {
			t.Errorf("pageOf(%q, %q) = %t", c.command, c.page, got)
		}
	}
}

// The Dockerfile builds the same image with a container engine: the same root file
// system and the same user.
func TestDockerfile(t *testing.T) {
	data, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, last, ok := strings.Cut(string(data), "\nFROM scratch AS image\n")
	if !ok {
		t.Fatal("the Dockerfile has no stage image that starts from scratch")
	}
	last, _, _ = strings.Cut(last, "\nFROM ")
	for _, want := range []string{`COPY --from=build /out/ /`, `USER ` + user, `WORKDIR /tmp`, `ENV PATH=/usr/bin HOME=/tmp`, `CMD \["mirror", "--help"\]`} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).MatchString(last) {
			t.Errorf("the last stage has no line %s", want)
		}
	}
	if strings.Contains(last, "\nRUN ") {
		t.Error("the image has no shell, but its stage runs something")
	}
}

func TestBadOptions(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-layout", "x", "extra"}, {"-layout", "x", "-platforms", "linux"}, {"-rootfs", "x", "-platforms", "linux/amd64,linux/arm64"},
	} {
		if err := run(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
