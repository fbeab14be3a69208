package validate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// Each case is a txtar tree in testdata/RULE. The rule of the folder must
// report exactly the findings that the case expects:
//
//	# want RULE "regexp"             in a file: a finding on this line
//	want RULE FILE[:LINE] "regexp"   above the files: a finding without a line of its own
//	skip RULE "regexp"               above the files: the rule says why it could not be checked
//
// The regular expression has to match the message, the hint, the related places
// and the severity in brackets.
func TestRules(t *testing.T) {
	cases, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".txtar"), func(t *testing.T) {
			rule, ok := validate.Lookup(filepath.Base(filepath.Dir(file)))
			if !ok {
				t.Fatalf("no rule is named as the folder of %s", file)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runCase(t, rule, data)
		})
	}
}

// expectation is one finding or skipped rule that a case expects.
type expectation struct {
	file    string // "" for a skipped rule
	line    int
	pattern *regexp.Regexp
	met     bool
}

func (e *expectation) String() string {
	return fmt.Sprintf("%s:%d %q", e.file, e.line, e.pattern)
}

var (
	wantOnLine = regexp.MustCompile(`# want (\S+) "(.*)"`)
	wantInFile = regexp.MustCompile(`^want (\S+) (\S+?)(?::(\d+))? "(.*)"$`)
	wantSkip   = regexp.MustCompile(`^skip (\S+) "(.*)"$`)
)

func runCase(t *testing.T, rule validate.Rule, data []byte) {
	archive := txtar.Parse(data)
	findings, skips := expectations(t, rule.ID, archive)
	fsys, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := release.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	validate.Run(tree, validate.Rules()...) // the other rules must not panic
	result, err := validate.RunExample(tree, rule)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range result.Findings {
		text := f.Message + " " + f.Hint
		for _, r := range f.Related {
			text += " " + r.Pos.String() + ": " + r.Message
		}
		text += " (" + f.Severity.String() + ")"
		if !meet(findings, f.Pos.File, f.Pos.Line, text) {
			t.Errorf("not expected: %s: %s: %s (hint: %s) %v", f.Pos, f.Severity, f.Message, f.Hint, f.Related)
		}
	}
	for _, s := range result.Skipped {
		if !meet(skips, "", 0, s.Reason) {
			t.Errorf("not expected: skipped %s: %s", s.Rule, s.Reason)
		}
	}
	for _, e := range append(findings, skips...) {
		if !e.met {
			t.Errorf("not reported: %s", e)
		}
	}
}

func meet(expected []*expectation, file string, line int, text string) bool {
	for _, e := range expected {
		if !e.met && e.file == file && e.line == line && e.pattern.MatchString(text) {
			e.met = true
			return true
		}
	}
	return false
}

func expectations(t *testing.T, rule string, archive *txtar.Archive) (findings, skips []*expectation) {
	compile := func(id, pattern string) *regexp.Regexp {
		if id != rule {
			t.Fatalf("the case expects %s and runs %s", id, rule)
		}
		return regexp.MustCompile(pattern)
	}
	for l := range strings.Lines(string(archive.Comment)) {
		l = strings.TrimSpace(l)
		if m := wantInFile.FindStringSubmatch(l); m != nil {
			line, _ := strconv.Atoi(m[3])
			findings = append(findings, &expectation{file: m[2], line: line, pattern: compile(m[1], m[4])})
		} else if m := wantSkip.FindStringSubmatch(l); m != nil {
			skips = append(skips, &expectation{pattern: compile(m[1], m[2])})
		} else if strings.HasPrefix(l, "want ") || strings.HasPrefix(l, "skip ") {
			t.Fatalf("no valid expectation: %s", l)
		}
	}
	for _, f := range archive.Files {
		n := 0
		for l := range strings.Lines(string(f.Data)) {
			n++
			for _, m := range wantOnLine.FindAllStringSubmatch(l, -1) {
				findings = append(findings, &expectation{file: f.Name, line: n, pattern: compile(m[1], m[2])})
			}
		}
	}
	return findings, skips
}

// TestExamples runs the examples of each rule.
func TestExamples(t *testing.T) {
	for _, rule := range validate.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			if rule.Title == "" || rule.Why == "" || rule.Fix == "" {
				t.Error("title, why or fix is missing")
			}
			if n := findings(t, rule, rule.Bad); n == 0 {
				t.Error("the bad example is not reported")
			}
			if n := findings(t, rule, rule.Good); n != 0 {
				t.Errorf("the good example has %d findings", n)
			}
			if cases, _ := filepath.Glob("testdata/" + rule.ID + "/*.txtar"); len(cases) == 0 {
				t.Errorf("no cases in testdata/%s", rule.ID)
			}
		})
	}
}

func findings(t *testing.T, rule validate.Rule, example string) int {
	t.Helper()
	tree, err := validate.ExampleTree(example)
	if err != nil {
		t.Fatal(err)
	}
	result, err := validate.RunExample(tree, rule)
	if err != nil {
		t.Fatal(err)
	}
	return len(result.Findings)
}

// TestFolders fails for a folder of cases without a rule.
func TestFolders(t *testing.T) {
	dirs, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if _, ok := validate.Lookup(d.Name()); !ok {
			t.Errorf("testdata/%s belongs to no rule", d.Name())
		}
	}
}
