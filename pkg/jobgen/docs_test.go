package jobgen

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// TestDocs generates docs/job-settings.md and the JSON Schemas from the settings
// types and their comments, and compares the files with them. UPDATE=1 writes
// them.
func TestDocs(t *testing.T) {
	d := readTypes(t, "../release/settings.go", "../release/settings_job.go", "../release/settings_mappings.go")
	for name, text := range map[string]string{
		"../../docs/job-settings.md":    d.markdown(),
		"../../docs/job.schema.json":    d.schema("_job.yaml", reflect.TypeFor[release.JobSettings]()),
		"../../docs/mirror.schema.json": d.schema("_mirror.yaml", reflect.TypeFor[release.Settings]()),
	} {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		old, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(old), text); diff != "" {
			t.Errorf("%s is not current, write it with UPDATE=1:\n%s", name, diff)
		}
	}
}

// types holds the comments and values of the settings types.
type types struct {
	comments map[string]string   // of Type.Field
	values   map[string][]string // of the types with few values
}

func readTypes(t *testing.T, files ...string) types {
	t.Helper()
	d := types{map[string]string{}, map[string][]string{}}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					d.fields(spec)
				case *ast.ValueSpec:
					if typ, ok := spec.Type.(*ast.Ident); ok {
						value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
						if err != nil {
							t.Fatal(err)
						}
						d.values[typ.Name] = append(d.values[typ.Name], value)
					}
				}
			}
		}
	}
	return d
}

func (d types) fields(spec *ast.TypeSpec) {
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			d.comments[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	}
}

// setting is one field of a settings type.
type setting struct {
	key, comment string
	typ          reflect.Type
}

func (d types) settings(t reflect.Type) []setting {
	var out []setting
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key == "" || key == "-" {
			continue
		}
		// The comment speaks of the Go field; people know the key.
		comment := strings.Replace(d.comments[t.Name()+"."+f.Name], f.Name+" ", "`"+key+"` ", 1)
		out = append(out, setting{key, comment, f.Type})
	}
	return out
}

// kind describes the type of a value.
func (d types) kind(t reflect.Type) string {
	if v := d.values[t.Name()]; v != nil {
		return "`" + strings.Join(v, "`, `") + "`"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.kind(t.Elem())
	case reflect.Bool:
		return "`true`, `false`"
	case reflect.Int:
		return "whole number"
	case reflect.Slice:
		if t == reflect.TypeFor[release.Severities]() {
			return "rule: " + d.kind(reflect.TypeFor[release.Level]())
		}
		if t.Elem().Kind() == reflect.Struct {
			return "list of mappings"
		}
		return "list of strings"
	case reflect.Map:
		if t == reflect.TypeFor[release.Values]() {
			return "name: string, or null"
		}
		if t.Elem().Kind() == reflect.String {
			return "name: string"
		}
		return "mapping"
	case reflect.Struct:
		return "mapping"
	}
	if t == reflect.TypeFor[release.Duration]() {
		return "duration"
	}
	return "string"
}

const docsHead = `# Job settings

<!-- Generated from pkg/release/settings*.go by TestDocs of pkg/jobgen; UPDATE=1 rewrites it. -->

` + "`mirror-jobgen generate`" + ` builds the periodic of each set in four steps:

1. the job template: ` + "`pkg/release/template.yaml`, or `template` in `_mirror.yaml`" + `;
2. the set's folder: its name, the names of its mapping files;
3. ` + "`defaults` in `core-services/image-mirroring/_mirror.yaml`" + `, then the set's ` + "`_job.yaml`" + `;
4. ` + "`patch`" + `, a JSON merge patch, for fields without a setting.

Most sets need only the secret with their push credentials:

    # core-services/image-mirroring/knative/_job.yaml
    secret: registry-push-credentials-quay.io-openshift-knative

A set whose mapping files do not have the name of its folder, with more settings:

    # core-services/image-mirroring/openshift/_job.yaml
    prefix: origin
    secret: registry-push-credentials-openshift
    secret_key: .dockerconfigjson
    registry_login: true
    attempts: 3

An unknown key, a duplicate key and a value of the wrong type are errors with line and column. Editors with support
for JSON Schema complete and check files that begin with

    # yaml-language-server: $schema=` + SchemaURL + `

To switch a set from the shell loop to the ` + "`mirror`" + ` command, add ` + "`runner: mirror`" + `; to switch back, remove the line.
`

func (d types) markdown() string {
	var b strings.Builder
	b.WriteString(docsHead)
	for _, part := range []struct {
		title string
		typ   reflect.Type
	}{
		{"A set: `_job.yaml`", reflect.TypeFor[release.JobSettings]()},
		{"`slack`", reflect.TypeFor[release.Slack]()},
		{"The repository: `_mirror.yaml`", reflect.TypeFor[release.Settings]()},
		{"`overrides`", reflect.TypeFor[release.Override]()},
		{"`entrypoint`", reflect.TypeFor[release.Entrypoint]()},
		{"`pull_credentials`", reflect.TypeFor[release.PullCredentials]()},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| key | value | meaning |\n|---|---|---|\n", part.title)
		for _, s := range d.settings(part.typ) {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.key, d.kind(s.typ), strings.ReplaceAll(s.comment, "|", `\|`))
		}
	}
	b.WriteString("\n## The template\n\nThe job of a set without settings. `FIXME` is replaced with values from its folder.\n\n```yaml\n" + string(release.BuiltInTemplate()) + "```\n")
	return b.String()
}

func (d types) schema(title string, t reflect.Type) string {
	s := d.schemaOf(t)
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = title
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(out) + "\n"
}

func (d types) schemaOf(t reflect.Type) object {
	if v := d.values[t.Name()]; v != nil {
		enum := anys(v)
		for i := range enum { // YAML reads an unquoted true as a boolean
			if b, err := strconv.ParseBool(v[i]); err == nil {
				enum[i] = b
			}
		}
		return object{"enum": enum}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.schemaOf(t.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		return object{"type": "integer", "minimum": 0}
	case reflect.Slice:
		if t == reflect.TypeFor[release.Severities]() {
			return object{"type": "object", "additionalProperties": d.schemaOf(reflect.TypeFor[release.Level]())}
		}
		return object{"type": "array", "items": d.schemaOf(t.Elem())}
	case reflect.Map:
		if t == reflect.TypeFor[release.Values]() {
			return object{"type": "object", "additionalProperties": object{"type": []string{"string", "number", "boolean", "null"}}}
		}
		if t.Elem().Kind() == reflect.String {
			return object{"type": "object", "additionalProperties": object{"type": []string{"string", "number", "boolean"}}}
		}
		return object{"type": "object"}
	case reflect.Struct:
		properties := object{}
		for _, s := range d.settings(t) {
			p := d.schemaOf(s.typ)
			p["description"] = s.comment
			properties[s.key] = p
		}
		return object{"type": "object", "additionalProperties": false, "properties": properties}
	}
	return object{"type": "string"}
}
