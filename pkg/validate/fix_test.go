package validate_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func TestFix(t *testing.T) {
	const name = "core-services/image-mirroring/team/mapping_team"
	for _, tt := range []struct{ name, before, after string }{
		{"a tab", "a.io/b:1\tc.io/b:1\n", "a.io/b:1 c.io/b:1\n"},
		{"blank and tab", "a.io/b:1 \t c.io/b:1\n", "a.io/b:1 c.io/b:1\n"},
		{"double blanks, trailing white space", "a.io/b:1  c.io/b:1  \n", "a.io/b:1 c.io/b:1\n"},
		{"no newline at the end", "a.io/b:1 c.io/b:1", "a.io/b:1 c.io/b:1\n"},
		{"a tab and no newline", "a.io/b:1\tc.io/b:1", "a.io/b:1 c.io/b:1\n"},
		{"carriage returns stay", "a.io/b:1  c.io/b:1\r\na.io/b:2 c.io/b:2\r\n", "a.io/b:1 c.io/b:1\r\na.io/b:2 c.io/b:2\r\n"},
		{"comments stay", "  # a  b\t\na.io/b:1  c.io/b:1   # x  y\n", "# a  b\na.io/b:1 c.io/b:1 # x  y\n"},
		{"the same destination twice in a line", "a.io/b:1 c.io/b:1 c.io/b:1 c.io/b:2\n", "a.io/b:1 c.io/b:1 c.io/b:2\n"},
		{"the same destination thrice", "a.io/b:1 c.io/b:1 c.io/b:1 c.io/b:1\n", "a.io/b:1 c.io/b:1\n"},
		{"the same line twice", "a.io/b:1 c.io/b:1\n# x\na.io/b:1 c.io/b:1\n", "a.io/b:1 c.io/b:1\n# x\n"},
		{"a repeated line with a comment is left to people", "a.io/b:1 c.io/b:1\na.io/b:1 c.io/b:1 # why\n", "a.io/b:1 c.io/b:1\na.io/b:1 c.io/b:1 # why\n"},
		{"a tab before a repetition", "a.io/b:1 c.io/b:1\na.io/b:1\tc.io/b:1\n", "a.io/b:1 c.io/b:1\n"},
		{"two sources are left to people", "a.io/b:1 c.io/b:1\na.io/d:1 c.io/b:1\n", "a.io/b:1 c.io/b:1\na.io/d:1 c.io/b:1\n"},
		{"what is wrong otherwise stays", "a.io/B:1\tc.io/b:1\n", "a.io/B:1\tc.io/b:1\n"},
		{"characters beyond ASCII", "a.io/b:1 c.io/b:1 c.io/b:1 # ä  ö\n", "a.io/b:1 c.io/b:1 # ä  ö\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{name: {Data: []byte(tt.before)}}
			if got := fixed(t, fsys, name); got != tt.after {
				t.Errorf("got %q, want %q", got, tt.after)
			}
			again := fstest.MapFS{name: {Data: []byte(tt.after)}}
			changes, _, _, err := validate.ApplyFixes(again, nil, validate.Rules()...)
			if err != nil || len(changes) > 0 {
				t.Errorf("a second run changes something: %v, %v", changes, err)
			}
		})
	}
}

func fixed(t *testing.T, fsys fs.FS, name string) string {
	t.Helper()
	changes, _, _, err := validate.ApplyFixes(fsys, nil, validate.Rules()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.From == name {
			return string(c.New)
		}
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFixRenames(t *testing.T) {
	const jobs = `periodics:
- name: periodic-image-mirroring-team
  spec:
    containers:
    - args: [-c, "for m in /etc/imagemirror/mapping_team_*; do oc image mirror -f=$m; done"]
      volumeMounts: [{mountPath: /etc/imagemirror, name: config}]
    volumes: [{name: config, configMap: {name: image-mirror-mappings}}]
`
	const dir = "core-services/image-mirroring/team/"
	fsys := fstest.MapFS{
		"ci-operator/jobs/infra-image-mirroring.yaml": {Data: []byte(jobs)},
		dir + "mapping_team_a":                        {Data: []byte("a.io/a:1 c.io/a:1\n")},
		dir + "mapping_other":                         {Data: []byte("a.io/b:1  c.io/b:1\n")},
		dir + "mapping_taken":                         {Data: []byte("a.io/d:1 c.io/d:1\n")},
		dir + "mapping_team_taken":                    {Data: []byte("a.io/e:1 c.io/e:1\n")},
	}
	changes, result, _, err := validate.ApplyFixes(fsys, nil, validate.Rules()...)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 1 || changes[0].From != dir+"mapping_other" || changes[0].To != dir+"mapping_team_other" || string(changes[0].New) != "a.io/b:1 c.io/b:1\n" {
		t.Errorf("changes: %+v", changes)
	}
	for _, f := range result.Findings {
		if f.Severity == source.Error && f.Pos.File == dir+"mapping_other" {
			t.Errorf("still there: %v", f)
		}
	}
}

// The generator would write the old name again.
func TestFixKeepsTheNameOfAGeneratedFile(t *testing.T) {
	const dir = "core-services/image-mirroring/team/"
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	fsys := fstest.MapFS{
		"ci-operator/jobs/infra-image-mirroring.yaml": file(`periodics:
- name: periodic-image-mirroring-team
  spec:
    containers:
    - args: [-c, "for m in /etc/imagemirror/mapping_team*; do oc image mirror -f=$m; done"]
      volumeMounts: [{mountPath: /etc/imagemirror, name: config}]
    volumes: [{name: config, configMap: {name: image-mirror-mappings}}]
`),
		"ci-operator/config/acme/app/acme-app-main.yaml": file("images:\n- to: app\npromotion:\n  name: v1\n  namespace: acme\n"),
		dir + "_config.yaml":                             file("source_registry: registry.ci.openshift.org\nsource_namespace: acme\ntarget_registry: quay.io\ntarget_namespace: acme\nimages:\n  v1: [stable]\n"),
		dir + "mapping_acme_v1":                          file("registry.ci.openshift.org/acme/v1:app quay.io/acme/acme-app:stable\n"),
		dir + "mapping_other":                            file("registry.ci.openshift.org/acme/v1:app quay.io/acme/app:latest\n"),
	}
	changes, result, _, err := validate.ApplyFixes(fsys, nil, validate.Rules()...)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 1 || changes[0].To != dir+"mapping_team_other" {
		t.Errorf("changes: %+v", changes)
	}
	found := false
	for _, f := range result.Findings {
		if f.Rule == "mapping-name" && f.Pos.File == dir+"mapping_acme_v1" {
			found = strings.Contains(f.Hint, "declare prefix: acme in "+dir+"_job.yaml")
		}
	}
	if !found {
		t.Errorf("no hint to declare the prefix: %v", result.Findings)
	}
}
