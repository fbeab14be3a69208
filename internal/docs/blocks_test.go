package docs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// block is a fenced block of shell commands.
type block struct {
	line   int // of its first command, from 1
	text   string
	reason string // why it is not run, or empty
	finds  bool   // its commands may exit with 1, which means findings
}

// The marks that may precede a block: the reason why a test cannot run it, and
// that it exits with 1 because it shows findings.
const (
	notRun = "<!-- not run: "
	finds  = "<!-- exits with 1: "
)

// commandLine matches the beginning of a shell block that is not fenced as one.
var commandLine = regexp.MustCompile(`^(    |\t)(\$ )?(make|go|git|sh|mirror|mirror-lint|mirror-jobgen|apt-get|curl|docker|export|cd|\./?[a-z]\S*)( |$)`)

// blocks finds the shell blocks of a page.
func blocks(page string) ([]block, error) {
	var all []block
	var b *block
	var next block
	marked, fenced := false, false
	for i, line := range strings.Split(page, "\n") {
		switch {
		case b != nil && line == "```":
			all, b, next, marked = append(all, *b), nil, block{}, false
		case b != nil:
			b.text += line + "\n"
		case strings.HasPrefix(line, "```") && line != "```sh":
			fenced = !fenced
		case fenced:
		case strings.HasPrefix(line, "<!--"):
			if why, ok := strings.CutPrefix(strings.TrimSuffix(line, " -->"), notRun); ok && why != "" {
				next.reason, marked = why, true
			} else if strings.HasPrefix(line, finds) {
				next.finds, marked = true, true
			} else if strings.Contains(line, "not run") {
				return nil, fmt.Errorf("line %d: the mark has no reason", i+1)
			}
		case line == "```sh":
			next.line = i + 2
			b = &next
		case line != "" && marked:
			return nil, fmt.Errorf("line %d: a mark without a block", i)
		case commandLine.MatchString(line):
			return nil, fmt.Errorf("line %d: commands outside of a block ```sh are never run: %s", i+1, line)
		}
	}
	if b != nil {
		return nil, fmt.Errorf("line %d: the block has no end", b.line)
	}
	return all, nil
}

// tools returns the folder with the built commands. The tests do not build them:
// the generator links Prow, which takes minutes.
func tools(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("MIRROR_BIN")
	if dir == "" {
		t.Skip("no built commands: run make test-docs, or set MIRROR_BIN to their folder")
	}
	return dir
}

// home makes a folder as the guides assume it: a checkout of this project and
// one of a release repository.
func home(t *testing.T) (dir, release string) {
	t.Helper()
	dir = t.TempDir()
	release = filepath.Join(dir, "release")
	if err := os.Symlink(testkit.Root(), filepath.Join(dir, "mirror-tools")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(release, os.DirFS(filepath.Join(testkit.Root(), "testdata/release"))); err != nil {
		t.Fatal(err)
	}
	return dir, release
}

// shell runs text in a folder and gives what it printed and its exit code.
func shell(t *testing.T, bin, home, dir, text string) (string, int) {
	t.Helper()
	cmd := exec.Command("sh", "-eu", "-c", text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+home, "PULL_BASE_SHA=HEAD")
	for _, key := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} { // which are in the real home
		value, err := exec.Command("go", "env", key).Output()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, key+"="+strings.TrimSpace(string(value)))
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// must is shell for what has to succeed.
func must(t *testing.T, bin, home, dir, text string) string {
	t.Helper()
	out, code := shell(t, bin, home, dir, text)
	if code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, text, out)
	}
	return out
}

// pages are the documents that people read.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "contrib/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(testkit.Root(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

// No page has commands that TestBlocks would pass over.
func TestPagesAreUnderstood(t *testing.T) {
	for _, page := range pages(t) {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := blocks(string(data)); err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
}

// Every block runs, in order, in one copy of the small release tree per page.
func TestBlocks(t *testing.T) {
	bin := tools(t)
	for _, page := range pages(t) {
		name, err := filepath.Rel(testkit.Root(), page)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			all, err := blocks(string(data))
			if err != nil {
				t.Fatal(err)
			}
			if len(all) == 0 {
				return
			}
			dir, release := home(t)
			must(t, bin, dir, release, "mirror-jobgen generate . && git init -q -b main && git config user.name test && git config user.email test@localhost && git add -A && git commit -q -m before")
			for _, b := range all {
				switch {
				case b.reason != "":
					t.Logf("%s:%d is not run: %s", name, b.line, b.reason)
				case b.finds:
					for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", "")) {
						if out, code := shell(t, bin, dir, release, line); code > 1 {
							t.Errorf("%s:%d: exit code %d\n%s%s", name, b.line, code, line, out)
						}
					}
				default:
					t.Logf("%s:%d\n%s", name, b.line, must(t, bin, dir, release, b.text))
				}
			}
		})
	}
}

func TestBlocksRefuses(t *testing.T) {
	for _, page := range []string{
		"```sh\nx\n", "<!-- not run -->\n```sh\nx\n```\n", "<!-- not run: why -->\ntext\n", "text\n\n    make test\n",
	} {
		if _, err := blocks(page); err == nil {
			t.Errorf("%q is taken", page)
		}
	}
}
