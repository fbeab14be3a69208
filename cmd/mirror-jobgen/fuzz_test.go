//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	findings "github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/site"
	"github.com/mirror-tools/mirror-tools/internal/testkit/hostile"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// FuzzTrees makes trees of files, links, loops and pipes. Whatever a tree is,
// nothing panics, blocks, shows or changes what is outside of it.
func FuzzTrees(f *testing.F) {
	f.Add([]byte{0, 0, 0}, "a.io/a/b:c quay.io/a/b:c\n")
	f.Add([]byte{1, 3, 0, 5, 4, 1, 2, 2, 2, 3, 0, 0, 4, 9, 3}, "secret: a\nprefix: b\n")
	f.Add([]byte{2, 4, 1, 7, 6, 2, 0, 8, 1, 3, 2, 2, 1, 1, 1}, "periodics:\n- name: periodic-image-mirroring-team\n")
	f.Add([]byte{4, 5, 0, 6, 1, 5, 3, 3, 1, 9, 8, 4, 0, 7, 7}, "a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, steps []byte, text string) {
		dir, outside := t.TempDir(), hostile.NewOutside(t)
		plantTree(t, dir, string(outside), steps[:min(len(steps), 90)], text)
		files, err := cli.OpenTree(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer files.Close()
		tree, err := release.Load(files)
		if err != nil {
			return // no release repository any more
		}
		var said bytes.Buffer
		result := validate.Run(tree, validate.Rules()...)
		if len(result.Findings) > 20_000 {
			t.Errorf("%d findings", len(result.Findings))
		}
		if err := findings.JSON(&said, result, nil); err != nil {
			t.Error(err)
		}
		if out, err := jobgen.Generate(tree, jobgen.Options{}); err != nil {
			said.WriteString(err.Error())
		} else if err := write(dir, changedFiles(out)); err != nil {
			said.WriteString(err.Error())
		}
		for _, made := range mapgen.All(tree) {
			for _, file := range made.Files {
				said.Write(file.New)
			}
		}
		pages, err := site.Pages(tree, result, validate.Rules(), site.Options{})
		if err != nil {
			t.Error(err)
		}
		for _, p := range pages {
			said.Write(p.Data)
		}
		outside.Check(t)
		if strings.Contains(said.String(), hostile.Secret) {
			t.Error("the secret is shown")
		}
	})
}

// plantTree makes a tree as steps say: of each three bytes, the first chooses what
// is made, the second its path, and the third what a link leads to.
func plantTree(t *testing.T, dir, outside string, steps []byte, text string) {
	t.Helper()
	const mirroring = "core-services/image-mirroring"
	paths := []string{
		mirroring + "/team/mapping_team", mirroring + "/team/_job.yaml", mirroring + "/_mirror.yaml", mirroring + "/team/_config.yaml",
		"ci-operator/jobs/infra-image-mirroring.yaml", "ci-operator/config/a/b/a-b-main.yaml", "clusters/app.ci/a.yaml", "OWNERS_ALIASES",
		"mirror-tools.yaml", mirroring + "/_config.yaml", mirroring + "/team/OWNERS", mirroring + "/other/mapping_other", "core-services/prow/02_config/_plugins.yaml",
		mirroring + "/team", mirroring, "ci-operator/jobs", "clusters",
	}
	plain := hostile.Plain()
	for name, text := range plain {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	for ; len(steps) >= 3; steps = steps[3:] {
		name := paths[int(steps[1])%len(paths)]
		file := filepath.Join(dir, filepath.FromSlash(name))
		if os.MkdirAll(filepath.Dir(file), 0o755) != nil {
			continue // a file or a link is in the way
		}
		if resolved, err := filepath.EvalSymlinks(filepath.Dir(file)); err != nil || !strings.HasPrefix(resolved, dir) {
			continue // the fuzzer itself must not write outside
		}
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		target := paths[int(steps[2])%len(paths)]
		var err error
		switch steps[0] % 7 {
		case 0:
			err = os.WriteFile(file, []byte(text), 0o644)
		case 1:
			err = os.WriteFile(file, []byte(plain[target]+text), 0o644)
		case 2:
			err = os.Symlink(filepath.Join(outside, []string{"secret", "folder", "new", "folder/new"}[int(steps[2])%4]), file)
		case 3:
			up := strings.Repeat("../", strings.Count(name, "/"))
			err = os.Symlink(up+target, file)
		case 4:
			err = syscall.Mkfifo(file, 0o600)
		case 5:
			err = os.Symlink([]string{"/dev/zero", "/proc/self/environ", "..", filepath.Base(file)}[int(steps[2])%4], file)
		case 6:
			err = os.MkdirAll(file, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
