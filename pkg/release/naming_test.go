package release_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// Every form in which a job names its mappings.
func TestMappings(t *testing.T) {
	for _, test := range []struct {
		name, container, settings string
		want                      string
	}{
		{"a shell loop", `{command: [/bin/bash], args: [-c, "for m in /etc/imagemirror/mapping_a*; do :; done"]}`, "", "shell mapping_a*"},
		{"the runner's arguments", `{command: [mirror, run, -f, /etc/imagemirror/mapping_a*]}`, "", "command mapping_a*"},
		{"the entry point of openshift/release", `{command: [/entry.sh], env: [{name: MAPPING_FILE_PREFIX, value: mapping_a}]}`, "", "env(MAPPING_FILE_PREFIX) mapping_a*"},
		{"with the mount path", `{env: [{name: MAPPING_FILE_PREFIX, value: /etc/imagemirror/mapping_a}]}`, "", "env(MAPPING_FILE_PREFIX) mapping_a*"},
		{"a variable of another", `{env: [{name: SET, value: a}, {name: MAPPING_FILE_PREFIX, value: mapping_$(SET)}]}`, "", "env(MAPPING_FILE_PREFIX) mapping_a*"},
		{"a variable in a script", `{command: [sh, -c, "ls /etc/imagemirror/mapping_${SET}*"], env: [{name: SET, value: a}]}`, "", "shell mapping_a*"},
		{"a script goes before the variable", `{command: [sh, -c, "ls /etc/imagemirror/mapping_b*"], env: [{name: MAPPING_FILE_PREFIX, value: mapping_a}]}`, "", "shell mapping_b*"},
		{"the entry point with the mount path", `{command: [/tp-entrypoint.sh], env: [{name: MAPPING_FILE_PREFIX, value: /etc/imagemirror/mapping_a}]}`, "", "env(MAPPING_FILE_PREFIX) /etc/imagemirror/mapping_a*"},
		{"the entry point with an empty prefix", `{command: [/tp-entrypoint.sh], env: [{name: MAPPING_FILE_PREFIX, value: ""}]}`, "", "env(MAPPING_FILE_PREFIX) *"},
		{"an empty prefix", `{command: [/entry.sh], env: [{name: MAPPING_FILE_PREFIX, value: ""}]}`, "", "unknown"},
		{"a value from elsewhere", `{env: [{name: MAPPING_FILE_PREFIX, valueFrom: {configMapKeyRef: {name: x, key: y}}}]}`, "", "unknown"},
		{"a variable that nothing sets", `{command: [sh, -c, "ls /etc/imagemirror/$1"]}`, "", "unknown"},
		{"known in part", `{command: [sh, -c, "ls /etc/imagemirror/mapping_a /etc/imagemirror/$1"]}`, "", "unknown mapping_a"},
		{"a brace that belongs to the script", `{command: [sh, -c, "echo ${m#/etc/imagemirror/} /etc/imagemirror/mapping_a"]}`, "", "shell mapping_a"},
		{"braces of bash", `{command: [bash, -c, "ls /etc/imagemirror/mapping_{a,b}"]}`, "", "unknown"},
		{"nothing", `{command: [/entry.sh]}`, "", "unknown"},
		{"a taught variable", `{env: [{name: FILES, value: mapping_a_*}]}`, "mappings_from: [{env: FILES, value: glob}]", "env(FILES) mapping_a_*"},
		{"a taught argument", `{args: [--set=mapping_a, -v]}`, "mappings_from: [{arg: --set, value: prefix}]", "argument(--set) mapping_a*"},
		{"a taught argument of two words", `{args: [--set, /etc/imagemirror/mapping_a]}`, "mappings_from: [{arg: --set, value: prefix}]", "argument(--set) mapping_a*"},
		{"what is built in, told otherwise", `{env: [{name: MAPPING_FILE_PREFIX, value: mapping_a}]}`, "mappings_from: [{env: MAPPING_FILE_PREFIX, value: glob}]", "env(MAPPING_FILE_PREFIX) mapping_a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			container := strings.TrimSuffix(test.container, "}") + ", volumeMounts: [{mountPath: /etc/imagemirror/, name: c}]}"
			tree, err := release.Load(fstest.MapFS{
				"core-services/image-mirroring/_mirror.yaml": file(test.settings),
				"ci-operator/jobs/infra-image-mirroring.yaml": file("periodics:\n- name: x\n  spec:\n    containers:\n    - " + container +
					"\n    volumes: [{name: c, configMap: {name: image-mirror-mappings}}]\n"),
			})
			if err != nil || len(tree.Problems) > 0 {
				t.Fatal(err, tree.Problems)
			}
			if got := spell(tree.Jobs.Jobs[0].Mappings); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func spell(m release.Mappings) string {
	text := string(m.Form)
	if !m.Known {
		text = "unknown"
	}
	if m.Known && m.From != nil {
		text += fmt.Sprintf("(%s%s)", m.From.Env, m.From.Arg)
	}
	for _, g := range m.Globs {
		text += " " + g.Pattern
		if g.Pos.Line == 0 {
			text += " without a place"
		}
	}
	return text
}

func TestMappingsFromProblems(t *testing.T) {
	_, problems := release.ParseSettings(release.DefaultLayout(), []byte(`mappings_from:
- {env: A, arg: B, value: prefix}
- {env: A}
- {arg: B, value: suffix}
- {evn: A, value: prefix}
`))
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%d: %s", p.Pos.Line, p.Message))
	}
	want := `2: mappings_from needs either env or arg, 3: mappings_from needs value, 4: value: unknown value "suffix", 5: unknown setting "evn"`
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
}

// The template determines how jobs are named after sets, also in a repository
// with its own template.
func TestJobNamesOfTheTemplate(t *testing.T) {
	tree, err := release.Load(fstest.MapFS{
		"core-services/image-mirroring/_mirror.yaml":          file("template: job.yaml\n"),
		"core-services/image-mirroring/web-shop/mapping_shop": file("a.io/b/c:1 d.io/b/c:1\n"),
		"job.yaml": file("name: mirror-FIXME-images\n"),
		"ci-operator/jobs/infra-image-mirroring.yaml": file(`periodics:
- name: other
  spec: &spec
    containers: [{image: x, volumeMounts: [{mountPath: /etc/imagemirror, name: c}]}]
    volumes: [{name: c, configMap: {name: image-mirror-mappings}}]
- name: mirror-web-shop-images
  spec: *spec
`),
	})
	if err != nil || len(tree.Problems) > 0 {
		t.Fatal(err, tree.Problems)
	}
	if name := tree.JobName("web-shop"); name != "mirror-web-shop-images" || tree.SetName(name) != "web-shop" || tree.SetName("other") != "other" {
		t.Errorf("the job is %s", name)
	}
	if job := tree.Runs().JobOf(tree.Sets[0]); job != tree.Jobs.Jobs[1] {
		t.Errorf("the set's job is %+v", job)
	}
}
