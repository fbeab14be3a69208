package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

type workflow struct {
	On          map[string]any
	Permissions map[string]string
	Jobs        map[string]struct {
		Env   map[string]string
		Steps []struct{ Name, Uses, Run string }
	}
}

func readWorkflow(t *testing.T) workflow {
	t.Helper()
	var w workflow
	if err := yaml.UnmarshalStrict(withoutRest(t, readFile(t, filepath.Join(testkit.Root(), "contrib/github-actions/mirror-diff.yaml"))), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// withoutRest leaves out the keys that the test does not look at. The key "on" is
// a boolean to YAML 1.1.
func withoutRest(t *testing.T, data []byte) []byte {
	t.Helper()
	var all map[string]any
	if err := yaml.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	kept := map[string]any{"on": all["true"], "permissions": all["permissions"], "jobs": map[string]any{}}
	if all["on"] != nil {
		kept["on"] = all["on"]
	}
	for name, job := range all["jobs"].(map[string]any) {
		j := job.(map[string]any)
		kept["jobs"].(map[string]any)[name] = map[string]any{"env": j["env"], "steps": j["steps"]}
	}
	out, err := yaml.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWorkflowTakesThePullRequestAsData tests the promises in the workflow's head
// comment, because it runs with more rights than the pull request has.
func TestWorkflowTakesThePullRequestAsData(t *testing.T) {
	w := readWorkflow(t)
	if len(w.On) != 1 || w.On["pull_request_target"] == nil {
		t.Errorf("it runs on %v", w.On)
	}
	if len(w.Permissions) != 2 || w.Permissions["contents"] != "read" || w.Permissions["pull-requests"] != "write" {
		t.Errorf("permissions: %v", w.Permissions)
	}
	for name, job := range w.Jobs {
		for key, value := range job.Env {
			if strings.Contains(value, "${{") && value != "${{ github.event.pull_request.number }}" && value != "${{ github.token }}" {
				t.Errorf("%s: %s is %s", name, key, value)
			}
		}
		for _, s := range job.Steps {
			if s.Uses != "" {
				t.Errorf("%s: %s uses %s: other people's code", name, s.Name, s.Uses)
			}
			if strings.Contains(s.Run, "${{") || strings.Contains(s.Run, "checkout") {
				t.Errorf("%s: %s puts what may be the pull request's into a script", name, s.Name)
			}
		}
	}
}

// TestWorkflowComments runs the steps of the workflow on a pull request, with
// stand-ins for docker and gh: the first time it comments, then it updates its
// comment, and it does not comment on an empty effect.
func TestWorkflowComments(t *testing.T) {
	for _, program := range []string{"git", "bash", "base64"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s: %v", program, err)
		}
	}
	dir := t.TempDir()
	origin := filepath.Join(dir, "org/release")
	file := filepath.Join(origin, "core-services/image-mirroring/shop/mapping_shop")
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", origin, "-c", "user.name=a", "-c", "user.email=a@example.invalid"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	writeFile(t, file, "registry.ci.openshift.org/shop/1:a quay.io/shop/a:1\n")
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-qm", "base")
	git("checkout", "-qb", "change")
	writeFile(t, file, "registry.ci.openshift.org/shop/2:a quay.io/shop/a:1\n")
	git("commit", "-qam", "change")
	git("checkout", "-q", "main")
	git("merge", "-q", "--no-ff", "-m", "merge", "change")
	git("update-ref", "refs/pull/7/merge", "HEAD")
	writeFile(t, file, "# nothing\nregistry.ci.openshift.org/shop/2:a quay.io/shop/a:1\n")
	git("commit", "-qam", "a comment")
	git("update-ref", "refs/pull/8/merge", "HEAD")

	bin := filepath.Join(dir, "bin")
	script := func(name, text string) {
		t.Helper()
		writeFile(t, filepath.Join(bin, name), "#!/bin/bash\n"+text)
		if err := os.Chmod(filepath.Join(bin, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script("docker", `while [ "$1" != the-image ]; do echo "$1" >> "$STUB/docker"; shift; done; shift
exec "${@/#\/release/$PWD/release.git}"
`)
	script("mirror-jobgen", asCommand+`=1 exec "$TEST_BINARY" "$@"
`)
	script("gh", `case "$*" in
*--paginate*) cat "$STUB/comments" ;;
*) echo "$*" > "$STUB/call"; cp effect.md "$STUB/body" ;;
esac
`)
	steps := readWorkflow(t).Jobs["comment"].Steps
	run := func(number, comments string) (call, body string) {
		t.Helper()
		work, stub := t.TempDir(), t.TempDir()
		writeFile(t, filepath.Join(stub, "comments"), comments)
		for _, s := range steps {
			cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", s.Run)
			cmd.Dir = work
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "STUB="+stub, "TEST_BINARY="+os.Args[0],
				"NUMBER="+number, "GH_TOKEN=not-a-token", "IMAGE=the-image", "GITHUB_SERVER_URL=file://"+dir, "GITHUB_REPOSITORY=org/release")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", s.Name, err, out)
			}
		}
		docker := string(readFile(t, filepath.Join(stub, "docker")))
		if !strings.Contains(docker, "--network\nnone\n") || strings.Contains(docker, "not-a-token") {
			t.Errorf("docker is called with %q", docker)
		}
		data, _ := os.ReadFile(filepath.Join(stub, "call"))
		text, _ := os.ReadFile(filepath.Join(stub, "body"))
		return string(data), string(text)
	}

	call, body := run("7", "")
	if call != "api --silent repos/org/release/issues/7/comments --field body=@effect.md\n" {
		t.Errorf("the first time: %s", call)
	}
	if !strings.HasPrefix(body, "<!-- mirror-jobgen diff -->\n**Image mirroring:** 1 destination takes another image.\n") {
		t.Errorf("the comment: %s", body)
	}
	if call, _ := run("7", "4711\n4712\n"); call != "api --silent --method PATCH repos/org/release/issues/comments/4711 --field body=@effect.md\n" {
		t.Errorf("the second time: %s", call)
	}
	if call, _ := run("8", ""); call != "" {
		t.Errorf("an empty effect: %s", call)
	}
	if call, _ := run("8", "4711\n"); !strings.Contains(call, "PATCH") {
		t.Errorf("an effect that has become empty: %q", call)
	}
}
