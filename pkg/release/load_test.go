package release_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

const jobs = `periodics:
- name: periodic-image-mirroring-team
  cluster: app.ci
  labels:
    ci.openshift.io/area: team
  spec:
    containers:
    - args:
      - -c
      - |
        # /etc/imagemirror/mapping_old*
        for mapping in /etc/imagemirror/mapping_team_[0-9]* "/etc/imagemirror/mapping_ä"; do
          oc image mirror -f="$mapping" # /etc/imagemirror/$x
        done
      volumeMounts:
      - mountPath: /home/mirror/.docker/config.json
        name: push
        subPath: config.json
      - mountPath: /etc/imagemirror/
        name: config
    volumes:
    - name: push
      secret:
        secretName: push-team
    - name: config
      configMap:
        name: image-mirror-mappings
- name: another
  spec: {containers: [{args: [/etc/imagemirror/mapping_team]}]}
- 7
`

func tree() fstest.MapFS {
	const dir = "core-services/image-mirroring"
	return fstest.MapFS{
		dir + "/team/mapping_team_1":                  file("a.io/b/c:1 d.io/b/c:1\n"),
		dir + "/team/mapping_team_2":                  file("a.io/b/c:2 d.io/b/c:2\n"),
		dir + "/team/OWNERS":                          file("approvers:\n- \"@Alice\"\n- team-leads\nreviewers: [bob]\n"),
		dir + "/team/README.md":                       file(""),
		dir + "/team/old/x":                           file(""),
		dir + "/team/_job.yaml":                       file("prefix: team\n"),
		dir + "/alone/mapping_alone":                  file("a.io/b/c:1 d.io/b/e:1\n"),
		dir + "/mapping_loose":                        file(""),
		dir + "/README.md":                            file(""),
		"ci-operator/jobs/infra-image-mirroring.yaml": file(jobs),
		"OWNERS_ALIASES":                              file("aliases:\n  Team-Leads: [Carol]\n  nobody:\n"),
	}
}

func TestLoad(t *testing.T) {
	got, err := release.Load(tree())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Sets) != 2 || got.Sets[0].Name != "alone" || got.Sets[1].Name != "team" {
		t.Fatalf("sets: %v", got.Sets)
	}
	team := got.Sets[1]
	if len(team.Files) != 2 || team.Files[1].Base != "mapping_team_2" || team.Files[0].Size != 22 || team.Files[0].Set != team {
		t.Errorf("files: %+v", team.Files)
	}
	if !slices.Equal(team.Others, []string{"README.md", "old/"}) {
		t.Errorf("others: %q", team.Others)
	}
	if o := team.Owners; len(o.Approvers) != 2 || o.Approvers[0].Name != "alice" || o.Approvers[0].Pos.Line != 2 || len(o.Reviewers) != 1 {
		t.Errorf("owners: %+v", o)
	}
	if got.Sets[0].Owners != nil {
		t.Error("a set without OWNERS has some")
	}
	if team.Job == nil || team.Job.Prefix != "team" {
		t.Errorf("settings: %+v", team.Job)
	}
	if !slices.Equal(got.Loose, []string{"mapping_loose"}) {
		t.Errorf("loose: %q", got.Loose)
	}
	if m := got.Aliases.Members; !slices.Equal(m["team-leads"], []string{"carol"}) || m["nobody"] == nil || len(m["nobody"]) != 0 {
		t.Errorf("aliases: %v", m)
	}
	if n := len(got.Mappings()); n != 3 {
		t.Errorf("%d mappings", n)
	}
	if len(got.Problems) != 1 || got.Problems[0].Part != release.PartJobs || got.Problems[0].Pos.Line != 30 {
		t.Errorf("problems: %v", got.Problems)
	}
}

func TestJobs(t *testing.T) {
	got, err := release.Load(tree())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Jobs.Jobs) != 2 {
		t.Fatalf("%d jobs", len(got.Jobs.Jobs))
	}
	job, other := got.Jobs.Jobs[0], got.Jobs.Jobs[1]
	if job.Name != "periodic-image-mirroring-team" || job.Pos.String() != "ci-operator/jobs/infra-image-mirroring.yaml"+":2:9" || job.Cluster != "app.ci" ||
		job.Labels["ci.openshift.io/area"] != "team" || !job.Mirrors {
		t.Errorf("job: %+v", job)
	}
	pos := func(line, column int) source.Position {
		return source.Position{File: "ci-operator/jobs/infra-image-mirroring.yaml", Line: line, Column: column}
	}
	want := []release.Glob{{Pattern: "mapping_team_[0-9]*", Pos: pos(12, 24)}, {Pattern: "mapping_ä", Pos: pos(12, 62)}}
	if !slices.Equal(job.Mappings.Globs, want) {
		t.Errorf("globs: %v, want %v", job.Mappings.Globs, want)
	}
	secret := release.SecretMount{Secret: "push-team", Pos: pos(24, 21), Key: "config.json", KeyPos: pos(18, 18), MountPath: "/home/mirror/.docker/config.json"}
	if !slices.Equal(job.Secrets, []release.SecretMount{secret}) {
		t.Errorf("secrets: %+v", job.Secrets)
	}
	if other.Mirrors || len(other.Mappings.Globs) > 0 {
		t.Errorf("a job without the ConfigMap mirrors: %+v", other)
	}
}

func TestBadTrees(t *testing.T) {
	const owners = "core-services/image-mirroring/team/OWNERS"
	for _, tt := range []struct {
		name, file, text string
		want             string // position and part of the message of the only problem
	}{
		{"jobs that do not parse", "ci-operator/jobs/infra-image-mirroring.yaml", "periodics:\n- a: [\n", "ci-operator/jobs/infra-image-mirroring.yaml:2: the file is not valid YAML"},
		{"jobs that are a list", "ci-operator/jobs/infra-image-mirroring.yaml", "- a\n", "ci-operator/jobs/infra-image-mirroring.yaml:1:1: a jobs file is a mapping with periodics, not a list"},
		{"periodics that are text", "ci-operator/jobs/infra-image-mirroring.yaml", "periodics: a\n", "ci-operator/jobs/infra-image-mirroring.yaml:1:12: periodics is a list"},
		{"NUL in YAML", "ci-operator/jobs/infra-image-mirroring.yaml", "a: b\n\x00", "ci-operator/jobs/infra-image-mirroring.yaml:2: the file is not text"},
		{"owners that are a list", owners, "- alice\n", owners + ":1:1: an OWNERS file is a mapping"},
		{"owners that are text", owners, "approvers: alice\n", owners + ":1:12: approvers is a list of logins"},
		{"a number as an owner", owners, "approvers: [alice, 12]\n", owners + `:1:20: approvers holds "12" (int)`},
		{"aliases that are text", "OWNERS_ALIASES", "aliases:\n  a: b\n", "OWNERS_ALIASES" + ":2:6: a is a list of logins"},
		{"an unknown setting", "core-services/image-mirroring/_mirror.yaml", "colour: red\n", "core-services/image-mirroring/_mirror.yaml:1:1: "},
		{"empty jobs", "ci-operator/jobs/infra-image-mirroring.yaml", "", ""},
		{"empty owners", owners, "# nobody\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := tree()
			fsys["ci-operator/jobs/infra-image-mirroring.yaml"] = file(strings.TrimSuffix(jobs, "- 7\n"))
			fsys[tt.file] = file(tt.text)
			got, err := release.Load(fsys)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(got.Mappings()); n != 3 {
				t.Errorf("only %d mappings were loaded", n)
			}
			if tt.want == "" {
				if len(got.Problems) > 0 {
					t.Errorf("problems: %v", got.Problems)
				}
				return
			}
			if len(got.Problems) != 1 || !strings.HasPrefix(got.Problems[0].Error(), tt.want) {
				t.Errorf("problems: got %v, want %s", got.Problems, tt.want)
			}
		})
	}
}

func TestNoReleaseRepository(t *testing.T) {
	_, err := release.Load(fstest.MapFS{"README.md": file("")})
	if !errors.Is(err, release.ErrNotRelease) {
		t.Errorf("got %v", err)
	}
}

// counting counts how often each file is opened.
type counting struct {
	fstest.MapFS
	opened map[string]int
}

func (c counting) Open(name string) (fs.File, error) {
	f, err := c.MapFS.Open(name)
	if err == nil {
		if info, _ := f.Stat(); !info.IsDir() {
			c.opened[name]++
		}
	}
	return f, err
}

func (c counting) ReadFile(name string) ([]byte, error) {
	data, err := c.MapFS.ReadFile(name)
	if err == nil {
		c.opened[name]++
	}
	return data, err
}

func TestEachFileIsReadOnce(t *testing.T) {
	c := counting{tree(), map[string]int{}}
	if _, err := release.Load(c); err != nil {
		t.Fatal(err)
	}
	for name, n := range c.opened {
		if n != 1 {
			t.Errorf("%s was read %d times", name, n)
		}
	}
	if len(c.opened) < 7 {
		t.Errorf("only %d files were read", len(c.opened))
	}
}

// FuzzYAML reads any text as the YAML files of a tree: Load does not panic and
// every problem has a position in its file.
func FuzzYAML(f *testing.F) {
	f.Add([]byte(jobs))
	f.Add([]byte("approvers: &a [x]\nreviewers: *a\n"))
	f.Add([]byte("aliases: {a: [b], <<: {c: d}}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const set = "core-services/image-mirroring/team/"
		for _, name := range []string{"ci-operator/jobs/infra-image-mirroring.yaml", "OWNERS_ALIASES", "core-services/image-mirroring/_mirror.yaml", set + "OWNERS", set + release.JobSettingsName} {
			fsys := fstest.MapFS{set + "mapping_team": file("a.io/b:1 c.io/d:1"), name: {Data: data}}
			got, err := release.Load(fsys)
			if err != nil {
				t.Fatal(err)
			}
			lines := 1
			for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} { // as YAML 1.1 has it
				lines += strings.Count(string(data), end)
			}
			for _, p := range got.Problems {
				if p.Pos.File == "" || p.Pos.Line > lines+1 || p.Message == "" {
					t.Errorf("%s: a bad problem: %+v", name, p)
				}
			}
		}
	})
}

func TestLocate(t *testing.T) {
	text := "a:\n  - |\n    one\n\n      two three\n"
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	scalar := doc.Content[0].Content[1].Content[0]
	offset := strings.Index(scalar.Value, "three")
	if got := release.Locate("f", []byte(text), scalar, offset); got != (source.Position{File: "f", Line: 5, Column: 11}) {
		t.Errorf("got %v", got)
	}
}
