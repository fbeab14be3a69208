package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// block is a fenced block of shell commands.
type block struct {
	line   int // of its first command, from 1
	text   string
	reason string // why it is not run, or empty
}

// blocks finds the shell blocks of a page. A block that needs what a test does
// not have follows a line <!-- not run: REASON -->.
func blocks(page string) ([]block, error) {
	var all []block
	var b *block
	reason := ""
	for i, line := range strings.Split(page, "\n") {
		switch {
		case b != nil && line == "```":
			all, b, reason = append(all, *b), nil, ""
		case b != nil:
			b.text += line + "\n"
		case strings.HasPrefix(line, "<!-- not run"):
			_, why, ok := strings.Cut(strings.TrimSuffix(line, " -->"), ": ")
			if !ok || why == "" {
				return nil, fmt.Errorf("line %d: the mark has no reason", i+1)
			}
			reason = why
		case line == "```sh":
			b = &block{line: i + 2, reason: reason}
		case line != "" && reason != "":
			return nil, fmt.Errorf("line %d: a mark without a block", i)
		}
	}
	if b != nil {
		return nil, fmt.Errorf("line %d: the block has no end", b.line)
	}
	return all, nil
}

// tools gives the folder with the built commands. The tests do not build them:
// the generator links Prow, which takes minutes.
func tools(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("MIRROR_BIN")
	if dir == "" {
		t.Skip("no built commands: run make test-docs, or set MIRROR_BIN to their folder")
	}
	return dir
}

// shell runs text in a folder and gives what it printed.
func shell(t *testing.T, bin, dir, text string) string {
	t.Helper()
	cmd := exec.Command("sh", "-eu", "-c", text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, text, out)
	}
	return string(out)
}

// Every block runs, in order, in one copy of the small release tree per page.
func TestBlocks(t *testing.T) {
	bin := tools(t)
	for _, name := range []string{"getting-started.md", "switching-over.md"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", name))
			if err != nil {
				t.Fatal(err)
			}
			all, err := blocks(string(data))
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "release")
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(testkit.Root(), "testdata/release"))); err != nil {
				t.Fatal(err)
			}
			ran := 0
			for _, b := range all {
				if b.reason != "" {
					t.Logf("docs/%s:%d is not run: %s", name, b.line, b.reason)
					continue
				}
				t.Logf("docs/%s:%d\n%s", name, b.line, shell(t, bin, dir, b.text))
				ran++
			}
			if ran < 3 {
				t.Errorf("only %d blocks were run", ran)
			}
		})
	}
}

func TestBlocksRefuses(t *testing.T) {
	for _, page := range []string{"```sh\nx\n", "<!-- not run -->\n```sh\nx\n```\n", "<!-- not run: why -->\ntext\n"} {
		if _, err := blocks(page); err == nil {
			t.Errorf("%q is taken", page)
		}
	}
}

// The patch of contrib/openshift-release applies to a real tree with
// hand-written jobs, after which the generated files are current.
func TestSwitch(t *testing.T) {
	archive := filepath.Join(testkit.Corpus(t), "release-2022-12.tar.gz")
	bin, dir := tools(t), t.TempDir()
	shell(t, bin, dir, "tar xzf '"+archive+"' && git init -q . && sha256sum ci-operator/jobs/infra-image-mirroring.yaml > ../before-"+filepath.Base(dir))
	script := filepath.Join(testkit.Root(), "contrib/openshift-release/switch.sh")
	shell(t, bin, dir, script+" . > switch.patch && git apply switch.patch && mirror-jobgen generate --check . && sha256sum -c ../before-"+filepath.Base(dir))
	for _, f := range []string{"core-services/image-mirroring/knative/_job.yaml", "hack/mirror.mk", "ci-operator/jobs/infra-image-mirroring-presubmits.yaml"} {
		if info, err := os.Stat(filepath.Join(dir, f)); err != nil || info.Size() == 0 {
			t.Errorf("the patch does not make %s", f)
		}
	}
}
