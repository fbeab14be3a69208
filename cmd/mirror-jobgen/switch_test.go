package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// The patch of contrib/openshift-release applies to a real tree with
// hand-written jobs. After it the generated files are current, the jobs file has
// the bytes that it had, and Prow takes it and the new presubmits.
func TestSwitch(t *testing.T) {
	for _, tree := range []string{"2020-08", "2022-12", "2024-05"} {
		t.Run(tree, func(t *testing.T) { switchOver(t, "release-"+tree+".tar.gz") })
	}
}

func switchOver(t *testing.T, archive string) {
	const jobs, presubmits = "ci-operator/jobs/infra-image-mirroring.yaml", "ci-operator/jobs/infra-image-mirroring-presubmits.yaml"
	dir := testkit.CorpusTree(t, archive)
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(stdin []byte, name string, args ...string) []byte {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
		cmd.Env = append(os.Environ(), asCommand+"=1", "MIRROR_JOBGEN="+self)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, stderr.Bytes())
		}
		return out
	}
	tree := func(dir string) *release.Tree {
		tree, err := load(dir)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	before, old := read(jobs), tree(testkit.CorpusTree(t, archive))
	patch := run(nil, filepath.Join(testkit.Root(), "contrib/openshift-release/switch.sh"), ".")
	if _, err := os.Stat(filepath.Join(dir, presubmits)); err == nil {
		t.Error("switch.sh changed the repository: it is to print a patch")
	}
	run(nil, "git", "init", "-q")
	run(patch, "git", "apply")
	run(nil, self, "generate", "--check", ".")
	if !bytes.Equal(read(jobs), before) {
		t.Errorf("the patch changes %s", jobs)
	}
	switched := tree(dir)
	after := validate.Run(switched, validate.Rules()...)
	after.Since(old, switched, validate.Rules()...)
	for _, f := range after.Findings {
		t.Errorf("the patch does not pass its own check: %s: %s: %s [%s]", f.Pos, f.Severity, f.Message, f.Rule)
	}
	if !bytes.Contains(read(presubmits), []byte("optional: true")) {
		t.Error("the presubmits are not optional to begin with")
	}
	for _, name := range []string{jobs, presubmits} {
		if err := jobgen.Load(read(name), t.TempDir()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"core-services/image-mirroring/knative/_job.yaml", "hack/mirror.mk"} {
		if len(read(name)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}
