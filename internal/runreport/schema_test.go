package runreport

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	reflector "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

const schemaFile = "docs/mirror-report.schema.json"

// makeSchema makes the schema from the types of the report and their comments.
func makeSchema(t *testing.T) []byte {
	t.Helper()
	enums := map[reflect.Type][]any{
		reflect.TypeFor[mirror.Outcome](): anyOf(mirror.Outcomes()),
		reflect.TypeFor[mirror.Cause]():   anyOf(mirror.Causes()),
		reflect.TypeFor[mirror.Mode]():    {mirror.ModeRun, mirror.ModePlan, mirror.ModeCheck},
	}
	r := &reflector.Reflector{
		Anonymous: true,
		Mapper: func(typ reflect.Type) *reflector.Schema {
			if values, ok := enums[typ]; ok {
				return &reflector.Schema{Type: "string", Enum: values}
			}
			return nil
		},
	}
	for _, dir := range []string{"pkg/mirror", "pkg/mirror/registry", "internal/runreport"} {
		addComments(t, r, dir)
	}
	s := r.Reflect(&Document{})
	s.ID, s.Title = "mirror-report.schema.json", "Report of mirror run, plan and check, version 1"
	if version, ok := s.Definitions["Document"].Properties.Get("version"); ok {
		version.Const = 1
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func anyOf[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// addComments reads the comments of a package, whose import path is its folder.
func addComments(t *testing.T, r *reflector.Reflector, dir string) {
	t.Helper()
	t.Chdir(testkit.Root())
	if err := r.AddGoComments("github.com/mirror-tools/mirror-tools", dir, reflector.WithFullComment()); err != nil {
		t.Fatal(err)
	}
}

// The schema matches the types. UPDATE=1 writes it.
func TestSchema(t *testing.T) {
	made := makeSchema(t)
	name := filepath.Join(testkit.Root(), schemaFile)
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(name, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), string(made)); diff != "" {
		t.Errorf("%s is not current, run make golden:\n%s", schemaFile, diff)
	}
}

// Outcomes and Causes list all constants of their types.
func TestEnumerations(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(testkit.Root(), "pkg/mirror/report.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]map[string]bool{"Outcome": {}, "Cause": {}}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		typ, ok := spec.Type.(*ast.Ident)
		if !ok || declared[typ.Name] == nil {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared[typ.Name][value] = true
		return true
	})
	listed := map[string]map[string]bool{"Outcome": {}, "Cause": {}}
	for _, o := range mirror.Outcomes() {
		listed["Outcome"][string(o)] = true
	}
	for _, c := range mirror.Causes() {
		listed["Cause"][string(c)] = true
	}
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("declared and listed differ:\n%s", diff)
	}
}

// Reports of real runs match the schema; a broken one does not.
func TestReportsAreValid(t *testing.T) {
	schema := compile(t)
	for _, mode := range []mirror.Mode{mirror.ModeRun, mirror.ModePlan, mirror.ModeCheck} {
		var b bytes.Buffer
		if err := JSON(&b, realReport(t, mode)); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("mirror %s: %v", mode, err)
		}
		doc.(map[string]any)["entries"].([]any)[0].(map[string]any)["outcome"] = "lost"
		if schema.Validate(doc) == nil {
			t.Error("an outcome that does not exist is valid")
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(testkit.Root(), schemaFile))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
