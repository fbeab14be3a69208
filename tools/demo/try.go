package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// try mirrors the mapping files of one set between two local registries, twice,
// and leaves the files and reports in out. It creates an image for each source, so
// that no real registry is contacted.
func (d *demo) try(set, out string) error {
	names, err := filepath.Glob(filepath.Join(set, "mapping_*"))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no mapping files", set)
	}
	if out, err = emptied(out); err != nil {
		return err
	}
	from, stop, err := embedded()
	if err != nil {
		return err
	}
	defer stop()
	to, stopTo, err := embedded()
	if err != nil {
		return err
	}
	defer stopTo()
	d.say("%s replaces the registry of every source, %s that of every destination.", from, to)
	local := localizer{from: from, to: to, pushed: map[string]string{}}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text, err := local.rewrite(mapping.Parse(name, data))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, filepath.Base(name)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	d.tree, d.work = out, out // the working folder, and the prefix to leave out of output
	files := []string{"-f", "mapping_*"}
	if _, err := d.expect(0, nil, "mirror", append([]string{"plan"}, files...)...); err != nil {
		return err
	}
	// The reports are those of the run that copies.
	for _, artifacts := range []string{out, ""} {
		args := append([]string{"run"}, files...)
		if artifacts != "" {
			args = append(args, "--metrics-file", filepath.Join(artifacts, "mirror.prom"))
		}
		if _, err := d.expect(0, []string{"ARTIFACTS=" + artifacts}, "mirror", args...); err != nil {
			return err
		}
	}
	_, err = d.expect(0, nil, "mirror", append([]string{"check"}, files...)...)
	return err
}

// emptied creates or empties a folder and returns its absolute path.
func emptied(dir string) (string, error) {
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}

// localizer moves the references of mapping files to two local registries. The
// original host becomes the first part of the path.
type localizer struct {
	from, to string
	pushed   map[string]string // digests by source, as pushed
}

// rewrite returns the file's copies with local references, and pushes an image for
// each source. It rejects a file with errors.
func (l *localizer) rewrite(f *mapping.File) (string, error) {
	for _, p := range f.Problems {
		return "", fmt.Errorf("%w (run mirror-lint for details)", p)
	}
	var b strings.Builder
	for e := range f.Entries() {
		src, err := l.source(e.Source)
		if err != nil {
			return "", err
		}
		words := []string{src}
		for _, dst := range e.Destinations {
			words = append(words, place(l.to, dst)+tail(dst.Tag))
		}
		b.WriteString(strings.Join(words, " ") + "\n")
	}
	return b.String(), nil
}

func (l *localizer) source(r mapping.Reference) (string, error) {
	// One image replaces all tags of a wildcard. It also replaces an image with a
	// digest, because no image can be created for a given digest.
	repo, tag := place(l.from, r), strings.ReplaceAll(r.Tag, "*", "latest")
	if tag == "" {
		tag = "latest"
	}
	ref := repo + ":" + tag
	if _, ok := l.pushed[ref]; !ok {
		if err := push(l.from, []string{strings.TrimPrefix(ref, l.from+"/")}); err != nil {
			return "", err
		}
		made, err := digest(ref)
		if err != nil {
			return "", err
		}
		l.pushed[ref] = made
	}
	if r.Digest != "" {
		return repo + "@" + l.pushed[ref], nil
	}
	return repo + tail(r.Tag), nil
}

func place(registry string, r mapping.Reference) string {
	return registry + "/" + strings.ToLower(strings.NewReplacer(":", "-", "[", "", "]", "").Replace(r.Host())) + "/" + r.Path()
}

// tail returns the end of a reference with a tag, or "" without one.
func tail(tag string) string {
	if tag == "" {
		return ""
	}
	return ":" + tag
}
