package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit/hostile"
	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
)

// lintAs runs the command and gives what it prints. Only findings, or nothing,
// are a good end.
func lintAs(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "ARTIFACTS=", "ARTIFACT_DIR=", "GITHUB_ACTIONS=")
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, log.Bytes())
	}
	return out.String(), log.String()
}

// No text of a tree breaks an output format: every format is written for trees
// that carry every hostile text in every place.
func TestNoInjection(t *testing.T) {
	ours := regexp.MustCompile(`^::(error|warning|notice) [^\n]*::`)
	for _, s := range hostile.Texts() {
		dir, out := t.TempDir(), t.TempDir()
		hostile.Write(t, dir, s)
		args := []string{"--quiet", dir}
		for _, format := range formatNames() {
			args = append(args, "--output", format+"="+filepath.Join(out, format))
		}
		for what, more := range map[string][]string{
			"text": args, "full": {"--full", "--no-group", dir}, "owners": {"--owners", dir},
			"fix": {"--fix", "--diff", dir}, "statistics": {"--statistics", dir},
		} {
			stdout, stderr := lintAs(t, more...)
			if what == "fix" { // a patch has to hold what the file holds
				stdout = regexp.MustCompile(`(?m)^([ +@\\]|-[^-]).*\n`).ReplaceAllString(stdout, "")
			}
			if raw := hostile.Raw(stdout + stderr); raw != "" {
				t.Errorf("%q: %s: %s", s, what, raw)
			}
			if c := hostile.Command(stdout + stderr); c != "" {
				t.Errorf("%q: %s: a command for GitHub: %q", s, what, c)
			}
		}
		read := func(format string) string {
			data, err := os.ReadFile(filepath.Join(out, format))
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		for _, format := range []string{"text", "concise", "github", "html", "junit"} {
			if raw := hostile.Raw(read(format)); raw != "" {
				t.Errorf("%q: %s: %s", s, format, raw)
			}
		}
		for _, format := range []string{"text", "concise"} {
			if c := hostile.Command(read(format)); c != "" {
				t.Errorf("%q: %s: a command for GitHub: %q", s, format, c)
			}
		}
		var doc struct{ Findings []any }
		if err := json.Unmarshal([]byte(read("json")), &doc); err != nil || len(doc.Findings) < 10 {
			t.Errorf("%q: json: %d findings, %v", s, len(doc.Findings), err)
		}
		for _, format := range []string{"concise", "github"} {
			if n := strings.Count(read(format), "\n"); n != len(doc.Findings) {
				t.Errorf("%q: %s: %d lines for %d findings", s, format, n, len(doc.Findings))
			}
		}
		for line := range strings.Lines(read("github")) {
			if !ours.MatchString(line) {
				t.Errorf("%q: github: %q", s, line)
			}
		}
		var log struct{ Runs []struct{ Results []any } }
		if err := json.Unmarshal([]byte(read("sarif")), &log); err != nil || len(log.Runs) != 1 || len(log.Runs[0].Results) == 0 {
			t.Errorf("%q: sarif: %v", s, err)
		}
		for d := xml.NewDecoder(strings.NewReader(read("junit"))); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%q: junit: %v", s, err)
				break
			}
		}
		if got := htmltest.Injected(htmltest.Parse(t, read("html"))); len(got) > 0 {
			t.Errorf("%q: html: %v", s, got)
		}
	}
}
