package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/GoogleCloudPlatform/testgrid/metadata/junit"
	sarifmodel "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// outcomes are runs whose reports are compared with the official schemas:
// without findings, a small tree, a hostile result, the real trees.
func outcomes(t *testing.T) map[string]outcome {
	t.Helper()
	out := map[string]outcome{"nothing found": {result: &validate.Result{}, tree: loadTree(t, testkit.Root()+"/testdata/release")}}
	small := loadTree(t, testkit.Root()+"/testdata/release")
	out["testdata"] = outcome{result: validate.Run(small, validate.Rules()...), tree: small}
	hostile := "a\"<b>&'\\ \x00\x1b[31m\xff\u202e \U0001f600 100%\r\n::error::x ]]> \ufffe"
	out["hostile"] = outcome{tree: small, result: &validate.Result{
		Findings: []validate.Finding{
			{Rule: "mapping-name", Pos: source.Position{File: "a b/ü#?%20:\U0001f600", Line: 3, Column: 5}, Message: hostile, Hint: hostile,
				Related: []validate.Related{{Pos: source.Position{File: "x"}, Message: hostile}}},
			{Rule: "set-job", Severity: source.Info, Pos: source.Position{File: "x:y"}, Message: hostile},
		},
		Skipped: []validate.Skipped{{Rule: "job-secret", Reason: hostile}},
	}}
	return out
}

func loadTree(t *testing.T, dir string) *release.Tree {
	t.Helper()
	tree, err := release.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestFormats validates every report against the official definition of its
// format.
func TestFormats(t *testing.T) {
	text, err := os.ReadFile("../../docs/mirror-lint.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	jsonSchema, sarifSchema := schema(t, text), schema(t, officialSARIF(t))
	check := func(t *testing.T, o outcome) {
		for format, check := range map[string]func(*testing.T, outcome, []byte){
			"json":  func(t *testing.T, _ outcome, text []byte) { validates(t, jsonSchema, text) },
			"sarif": func(t *testing.T, o outcome, text []byte) { validates(t, sarifSchema, text); checkSARIF(t, o, text) },
			"junit": checkJUnit,
		} {
			t.Run(format, func(t *testing.T) {
				var b bytes.Buffer
				if err := formats()[format](&b, o); err != nil {
					t.Fatal(err)
				}
				check(t, o, b.Bytes())
			})
		}
	}
	for name, o := range outcomes(t) {
		t.Run(name, func(t *testing.T) { check(t, o) })
	}
	t.Run("release-2022-12", func(t *testing.T) {
		tree := loadTree(t, testkit.CorpusTree(t, "release-2022-12.tar.gz"))
		o := outcome{result: validate.Run(tree, validate.Rules()...), tree: tree}
		if len(o.result.Findings) < 20 {
			t.Errorf("%d findings: too few for the test to say much", len(o.result.Findings))
		}
		check(t, o)
	})
}

// schema compiles a JSON Schema.
func schema(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validates(t *testing.T, s *jsonschema.Schema, text []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%v", err)
	}
}

// The schema of the JSON document rejects invalid documents.
func TestJSONSchemaRefuses(t *testing.T) {
	text, err := os.ReadFile("../../docs/mirror-lint.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s := schema(t, text)
	for _, wrong := range []string{`{}`, `{"version": 2, "findings": [], "summary": {"error": 0, "warning": 0, "info": 0}, "skipped": []}`,
		`{"version": 1, "findings": [{"rule": "a", "severity": "fatal", "file": "f", "line": 1, "column": 1, "message": "m"}], "summary": {"error": 0, "warning": 0, "info": 0}, "skipped": []}`} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(wrong))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(doc) == nil {
			t.Errorf("the schema takes %s", wrong)
		}
	}
}

// officialSARIF returns the schema of SARIF 2.1.0 as OASIS published it, which
// the module go-sarif has in its source.
func officialSARIF(t *testing.T) []byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(out)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	spec := file.Scope.Lookup("schema").Decl.(*ast.ValueSpec)
	text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "https://docs.oasis-open.org/sarif/sarif/v2.1.0/") {
		t.Fatalf("not the schema of OASIS: %.300s", text)
	}
	return []byte(text)
}

// checkSARIF checks what GitHub requires beyond the schema.
func checkSARIF(t *testing.T, o outcome, text []byte) {
	t.Helper()
	var log sarifmodel.Report
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != len(o.result.Findings) {
		t.Errorf("%d results of %d findings", len(run.Results), len(o.result.Findings))
	}
	for _, r := range run.Tool.Driver.Rules {
		if r.Help == nil || r.Help.Text == nil || *r.Help.Text == "" || r.Name != nil {
			t.Errorf("rule %s has no help, or a name beside its ID", *r.ID)
		}
	}
	seen := map[string]bool{}
	for i, r := range run.Results {
		f := o.result.Findings[i]
		if r.RuleID == nil || *r.RuleID != f.Rule {
			t.Errorf("result %d is of the rule %v, want %s", i, r.RuleID, f.Rule)
		}
		uri := *r.Locations[0].PhysicalLocation.ArtifactLocation.URI
		if strings.HasPrefix(uri, "/") || strings.Contains(uri, "://") || strings.ContainsAny(uri, " <>#?") {
			t.Errorf("%q is no relative URI", uri)
		}
		for _, name := range []string{"mirrorLint/v1", "primaryLocationLineHash"} {
			print := name + r.PartialFingerprints[name]
			if print == name || seen[print] {
				t.Errorf("result %d has the fingerprint %q, which is missing or another's", i, print)
			}
			seen[print] = true
		}
	}
}

// Columns of SARIF count UTF-16 code units: a character beyond the basic plane
// is two of them, whatever the file's own bytes.
func TestSARIFColumns(t *testing.T) {
	for _, line := range []string{"ab X", "é X", "\U0001f600 X", "# \U0001f600\U0001f600ü日 X"} {
		runes := []rune(line)
		pos := source.Position{File: "f", Line: 2, Column: len(runes)}
		var b bytes.Buffer
		r := &validate.Result{Findings: []validate.Finding{{Rule: "mapping-name", Pos: pos, Message: "m"}}}
		if err := report.SARIF(&b, r, nil, report.SARIFOptions{Source: func(string) []byte { return []byte("first\n" + line + "\n") }}); err != nil {
			t.Fatal(err)
		}
		var log sarifmodel.Report
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		region := log.Runs[0].Results[0].Locations[0].PhysicalLocation.Region
		units := utf16.Encode(runes)
		if at := *region.StartColumn; *log.Runs[0].ColumnKind != "utf16CodeUnits" || at != len(units) || units[at-1] != 'X' {
			t.Errorf("%q: column %d of %q", line, at, *log.Runs[0].ColumnKind)
		}
	}
}

// A fingerprint stays the same if lines move and differs for another message.
func TestSARIFFingerprints(t *testing.T) {
	print := func(line int, message string) string {
		var b bytes.Buffer
		r := &validate.Result{Findings: []validate.Finding{{Rule: "mapping-name", Pos: source.Position{File: "f", Line: line, Column: line}, Message: message}}}
		if err := report.SARIF(&b, r, nil, report.SARIFOptions{}); err != nil {
			t.Fatal(err)
		}
		var log sarifmodel.Report
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		return log.Runs[0].Results[0].PartialFingerprints["mirrorLint/v1"]
	}
	if print(1, "m") != print(70, "m") {
		t.Error("the fingerprint changes with the line")
	}
	if print(1, "m") == print(1, "n") {
		t.Error("two messages have one fingerprint")
	}
}

// checkJUnit reads the file as Prow does: every case has a name of its own, and
// every failure a text.
func checkJUnit(t *testing.T, o outcome, text []byte) {
	t.Helper()
	suites, err := junit.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(suites.Suites) != 1 || suites.Suites[0].Name != "mirror-lint" {
		t.Fatalf("%d suites", len(suites.Suites))
	}
	failures, cases := 0, map[string]bool{}
	for _, c := range suites.Suites[0].Results {
		key := c.ClassName + "\x00" + c.Name
		if cases[key] {
			t.Errorf("two cases %s in %s: Prow would group them", c.Name, c.ClassName)
		}
		cases[key] = true
		if c.Failure == nil {
			continue
		}
		failures++
		if c.Failure.Value == "" || c.Errored != nil {
			t.Errorf("%s in %s fails without a text that Prow shows", c.Name, c.ClassName)
		}
	}
	want := map[string]bool{} // warnings and infos fail nothing
	for _, f := range o.result.Findings {
		if f.Severity == source.Error {
			want[f.Rule+"\x00"+f.Pos.File] = true
		}
	}
	if failures != len(want) || suites.Suites[0].Failures != failures || suites.Suites[0].Tests != len(cases) {
		t.Errorf("%d failures, the suite says %d of %d; want %d of %d", failures, suites.Suites[0].Failures, suites.Suites[0].Tests, len(want), len(cases))
	}
}
