package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit/hostile"
)

// No link of a tree leads what a command writes out of the tree.
func TestWritesStayInside(t *testing.T) {
	const (
		mirroring = "core-services/image-mirroring/"
		jobs      = "ci-operator/jobs/infra-image-mirroring.yaml"
	)
	written := writtenJobs(t)
	byHand := map[string]string{jobs: written, mirroring + "_mirror.yaml": "", mirroring + "team/_job.yaml": "", mirroring + "lab/_job.yaml": ""}
	withJobs := map[string]string{jobs: written}
	stale := map[string]string{mirroring + "lab/mapping_lab_1_8": "registry.ci.openshift.org/lab/1.8:app quay.io/lab/lab-app:1.8\n"}
	newSet := []string{"new", "shop", "$TREE", "--source", "registry.ci.openshift.org/shop/a:b", "--destination", "quay.io/shop/a:b", "--approver", "bob", "--secret", "push-shop"}
	for name, w := range map[string]hostile.Writer{
		"generate":        {Args: []string{"generate", "$TREE"}, Target: jobs},
		"import settings": {Args: []string{"import", "$TREE"}, Target: mirroring + "_mirror.yaml", Files: byHand},
		"import job":      {Args: []string{"import", "$TREE"}, Target: mirroring + "team/_job.yaml", Files: byHand},
		"new":             {Args: newSet, Target: mirroring + "shop/mapping_shop"},
		"new jobs":        {Args: newSet, Target: jobs, Files: withJobs},
		"add":             {Args: []string{"add", "team", "registry.ci.openshift.org/team/a:c", "quay.io/team/a:c", "$TREE"}, Target: mirroring + "team/mapping_team"},
		"remove":          {Args: []string{"remove", "team", "$TREE"}, Target: jobs, Files: withJobs},
		"switch":          {Args: []string{"switch", "--runner", "mirror", "team", "--repository", "$TREE"}, Target: mirroring + "team/_job.yaml", Files: withJobs},
		"switch jobs":     {Args: []string{"switch", "--runner", "mirror", "team", "--repository", "$TREE"}, Target: jobs, Files: withJobs},
		"mappings":        {Args: []string{"mappings", "$TREE"}, Target: mirroring + "lab/mapping_lab_1_9"},
		"mappings prune":  {Args: []string{"mappings", "--prune", "$TREE"}, Target: mirroring + "lab/mapping_lab_1_9", Files: stale},
		"mappings bump":   {Args: []string{"mappings", "--bump", "1.10", "$TREE"}, Target: mirroring + "lab/_config.yaml"},
		"site":            {Args: []string{"site", "--output", "$TREE/out/site", "$TREE"}, Target: "out/site/index.html"},
		"site of a set":   {Args: []string{"site", "--output", "$TREE/out/site", "$TREE"}, Target: "out/site/sets/team.html"},
		"diff page":       {Args: []string{"diff", "--from", "HEAD", "--artifacts", "$TREE/out/artifacts", "$TREE"}, Target: "out/artifacts/mirror-diff-summary.html"},
		"diff document":   {Args: []string{"diff", "--from", "HEAD", "--artifacts", "$TREE/out/artifacts", "$TREE"}, Target: "out/artifacts/mirror-diff.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hostile.TestWriter(t, w, func(args ...string) string {
				if args[0] == "diff" {
					commit(t, args[len(args)-1])
				}
				return runJobgen(args...)
			})
		})
	}
}

// runJobgen runs the command and gives all that it prints.
func runJobgen(args ...string) string {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "ARTIFACTS=", "ARTIFACT_DIR=")
	said, _ := cmd.CombinedOutput()
	return string(said)
}

// writtenJobs returns the jobs file that is generated for the plain tree.
func writtenJobs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range hostile.Plain() {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	said := runJobgen("generate", dir)
	text, err := os.ReadFile(filepath.Join(dir, "ci-operator/jobs/infra-image-mirroring.yaml"))
	if err != nil {
		t.Fatal(err, said)
	}
	return string(text)
}

// commit makes a folder a git checkout with everything that is in it.
func commit(t *testing.T, dir string) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit", "-q", "-m", "a"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v, %s", args, err, out)
		}
	}
}

// A template is not read through a link that leads out of the tree.
func TestTemplateStaysInside(t *testing.T) {
	dir, outside := t.TempDir(), hostile.NewOutside(t)
	for name, text := range hostile.Plain() {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	if err := os.Symlink(filepath.Join(string(outside), "secret"), filepath.Join(dir, "template.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"generate", "--template", filepath.Join(dir, "template.yaml"), dir}, {"status", "--configmap", filepath.Join(dir, "template.yaml"), dir}} {
		if said := runJobgen(args...); strings.Contains(said, hostile.Secret) || !strings.Contains(said, "a symbolic link that leads out of the repository") {
			t.Errorf("%v: %s", args, said)
		}
	}
}
