package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"sigs.k8s.io/yaml"

	"github.com/mirror-tools/mirror-tools/internal/testkit/hostile"
	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
)

// No text of a tree or of a cluster breaks what a command prints: every command is
// run, in every format, on trees that carry every hostile text in every place.
func TestNoInjection(t *testing.T) {
	patch := regexp.MustCompile(`(?m)^(---|\+\+\+|@@|[ +\\-]).*\n`)
	for i, s := range hostile.Texts() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			dir, out := t.TempDir(), t.TempDir()
			hostile.Write(t, dir, s)
			commit(t, dir)
			writeFile(t, filepath.Join(dir, "core-services/image-mirroring/team/mapping_team"), "a.io/a/b:c quay.io/a/b:e\n"+s+"\n")
			q := strconv.QuoteToASCII(s)
			cluster := filepath.Join(out, "cluster.yaml")
			writeFile(t, cluster, "kind: ConfigMap\nmetadata: {name: image-mirror-mappings}\ndata:\n  "+q+": "+q+"\n  mapping_team: "+q+"\n")
			image := []string{"--source", "a.io/a/b:c", "--destination", "quay.io/s/b:c", "--approver", "bob", "--secret", "x"}
			for _, args := range [][]string{
				{"generate", dir}, {"generate", "--check", dir}, {"import", dir}, {"presubmit", dir},
				{"mappings", dir}, {"mappings", "--check", dir}, {"status", "--diff", "--configmap", cluster, dir},
				{"diff", "--from", "HEAD", dir}, {"diff", "--from", "HEAD", "--format", "markdown", dir},
				{"diff", "--from", "HEAD", "--format", "json", "--artifacts", filepath.Join(out, "diff"), dir},
				{"which", "quay.io/a/b:d", dir}, {"which", "--format", "json", "quay.io/a/b:d", dir},
				{"site", "--output", filepath.Join(out, "site"), dir},
				append([]string{"new", "shop", dir, "--dry-run"}, image...),
				{"add", "team", "a.io/a/b:x", "quay.io/a/b:x", dir, "--dry-run"},
				{"remove", "team", dir, "--dry-run"},
				{"switch", "--runner", "mirror", "team", "--repository", dir, "--dry-run"},
				{"which", s, dir}, {"remove", s, dir}, append([]string{"new", s, dir}, image...),
			} {
				if strings.Contains(strings.Join(args, ""), "\x00") {
					continue // no argument can hold it
				}
				said := runJobgen(args...)
				if slices.Contains(args, "--dry-run") { // a patch has to hold what the file holds
					said = patch.ReplaceAllString(said, "")
				}
				if raw := hostile.Raw(strings.ReplaceAll(said, "\r\n", "\n")); raw != "" {
					t.Errorf("%q: %s", args, raw)
				}
				if c := hostile.Command(said); c != "" {
					t.Errorf("%q: a command for GitHub: %q", args, c)
				}
				if strings.Contains(said, "panic: ") || strings.Contains(said, "goroutine ") {
					t.Errorf("%q: %s", args, said)
				}
			}
			checkPages(t, out)
		})
	}
}

// checkPages checks every report below a folder.
func checkPages(t *testing.T, dir string) {
	t.Helper()
	pages := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Base(name) == "cluster.yaml" {
			return err
		}
		text, err := os.ReadFile(name)
		switch filepath.Ext(name) {
		case ".html":
			pages++
			// The first page has a form for searching.
			got := slices.DeleteFunc(htmltest.Injected(htmltest.Parse(t, string(text))), func(what string) bool {
				return filepath.Base(name) == "index.html" && what == "<form>"
			})
			if len(got) > 0 {
				t.Errorf("%s: %v", name, got)
			}
		case ".json":
			if !json.Valid(text) {
				t.Errorf("%s: no JSON", name)
			}
		}
		if raw := hostile.Raw(string(text)); raw != "" {
			t.Errorf("%s: %s", name, raw)
		}
		return err
	})
	if err != nil || pages < 3 {
		t.Errorf("%d pages, %v", pages, err)
	}
}

// What a set may choose freely comes as one value into the jobs file, whatever it
// holds, and never into another one.
func TestGeneratedValuesAreData(t *testing.T) {
	for _, s := range append(hostile.Texts(), "a\n- name: b", "'\"; curl evil.invalid; $(x) `y` ${z}", "{{ .Spec }}", "!!binary YQ==", "&a *a", "# a", "- a", "a: b", "|", "~", "1e3", "yes") {
		s = strings.ToValidUTF8(s, "\ufffd") // YAML holds nothing else
		dir := t.TempDir()
		files := hostile.Plain()
		files["core-services/image-mirroring/team/_job.yaml"] = "secret: push-team\nenv: {TEXT: " + strconv.QuoteToASCII(s) + "}\n"
		files["core-services/image-mirroring/_mirror.yaml"] = "adopted: true\nallow: {team: [env]}\n"
		for name, text := range files {
			writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), text)
		}
		said := runJobgen("generate", dir)
		text, err := os.ReadFile(filepath.Join(dir, "ci-operator/jobs/infra-image-mirroring.yaml"))
		if err != nil {
			if !strings.Contains(said, "core-services/image-mirroring/team/_job.yaml:2:") {
				t.Errorf("%q: refused without its place: %s", s, said)
			}
			continue
		}
		var jobs struct {
			Periodics []struct {
				Name string
				Spec struct {
					Containers []struct {
						Args []string
						Env  []struct{ Name, Value string }
					}
				}
			}
		}
		if err := yaml.Unmarshal(text, &jobs); err != nil || len(jobs.Periodics) != 2 {
			t.Errorf("%q: %v\n%s", s, err, text)
			continue
		}
		found := 0
		for _, job := range jobs.Periodics {
			for _, e := range job.Spec.Containers[0].Env {
				if e.Name == "TEXT" && e.Value == s {
					found++
				}
			}
			if strings.Contains(strings.Join(job.Spec.Containers[0].Args, " "), "evil") {
				t.Errorf("%q: in a script: %q", s, job.Spec.Containers[0].Args)
			}
		}
		if found != 1 {
			t.Errorf("%q: the value is found %d times:\n%s", s, found, text)
		}
		if strings.ContainsFunc(string(text), func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
			t.Errorf("%q: the jobs file has a control character: %q", s, text)
		}
	}
}
