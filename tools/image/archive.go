package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// shells has the shells with a completion script, and the file names that they look
// for.
var shells = []struct{ name, pattern string }{
	{"bash", "completions/bash/%s"},
	{"zsh", "completions/zsh/_%s"},
	{"fish", "completions/fish/%s.fish"},
}

// writeRelease writes an archive for each platform and SHA256SUMS.
func (o options) writeRelease(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	shared, err := o.shared()
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, p := range o.platform {
		name := fmt.Sprintf("mirror-tools_%s_%s_%s", o.version, p.os, p.arch)
		binaries, err := o.build(p)
		if err != nil {
			return err
		}
		files := shared
		for _, b := range binaries {
			more, err := o.packed(b, p, "bin/", "sbom/")
			if err != nil {
				return err
			}
			files = append(files[:len(files):len(files)], more...)
		}
		data, err := o.archive(name, files)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s.tar.gz\n", sha256.Sum256(data), name)
		if err := replace(filepath.Join(dir, name+".tar.gz"), data); err != nil {
			return err
		}
	}
	fmt.Print(sums.String())
	return replace(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()))
}

// archive packs files below a folder of the archive's name.
func (o options) archive(name string, files []file) ([]byte, error) {
	below := make([]file, len(files))
	for i, f := range files {
		f.name = name + "/" + f.name
		below[i] = f
	}
	var b bytes.Buffer
	zip, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := writeTar(zip, below, o.created); err != nil {
		return nil, err
	}
	err = zip.Close()
	return b.Bytes(), err
}

// shared returns what every archive has: README, man pages, and the completion
// scripts, which commands built for this machine print.
func (o options) shared() ([]file, error) {
	readme, err := os.ReadFile(filepath.Join(o.source, "README.md"))
	if err != nil {
		return nil, err
	}
	files := []file{{"README.md", 0o644, readme}}
	dir, err := os.MkdirTemp("", "mirror-completion-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binaries, err := o.build(platform{runtime.GOOS, runtime.GOARCH})
	if err != nil {
		return nil, err
	}
	for _, b := range binaries {
		path := filepath.Join(dir, b.name)
		if err := os.WriteFile(path, b.data, 0o755); err != nil {
			return nil, err
		}
		for _, s := range shells {
			out, err := exec.Command(path, "completion", s.name).Output()
			if err != nil {
				return nil, fmt.Errorf("%s completion %s: %w", b.name, s.name, err)
			}
			files = append(files, file{fmt.Sprintf(s.pattern, b.name), 0o644, out})
		}
		pages, err := filepath.Glob(filepath.Join(o.source, "docs/man", b.name+"*.1"))
		if err != nil {
			return nil, err
		}
		for _, page := range pages {
			if !pageOf(b.name, filepath.Base(page)) {
				continue
			}
			data, err := os.ReadFile(page)
			if err != nil {
				return nil, err
			}
			files = append(files, file{"man/man1/" + filepath.Base(page), 0o644, data})
		}
	}
	return files, nil
}

// pageOf reports whether a man page belongs to a command: mirror-lint.1 does not
// belong to mirror, though it begins like mirror-run.1.
func pageOf(command, page string) bool {
	return command != "mirror" || !strings.HasPrefix(page, "mirror-lint") && !strings.HasPrefix(page, "mirror-jobgen")
}

// replace writes a file in one step.
func replace(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
