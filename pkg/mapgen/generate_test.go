package mapgen_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

const (
	dir    = "core-services/image-mirroring/lab"
	config = "source_registry: registry.ci.openshift.org\nsource_namespace: lab\ntarget_registry: quay.io\ntarget_namespace: acme\nimages:\n"
	two    = config + "  \"1.9\": [\"1.9\", \"1.9.0\"]\n  \"1.10\": [\"1.10\", latest]\n"
)

// files is a tree that promotes app, web and an optional tool to lab/1.9, app to
// lab/1.10, and through the release controller ocp/1.10's db, but not its debug.
func files(config string, more map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{
		dir + "/_config.yaml":                                                 {Data: []byte(config)},
		"ci-operator/config/acme/one/acme-one-v1.9.yaml":                      {Data: []byte("images:\n- to: web\n- to: app\n- optional: true\n  to: tool\npromotion:\n  namespace: lab\n  name: \"1.9\"\n")},
		"ci-operator/config/acme/one/acme-one-main.yaml":                      {Data: []byte("images:\n- to: app\npromotion:\n  namespace: lab\n  name: \"1.10\"\n")},
		"ci-operator/config/acme/two/acme-two-main.yaml":                      {Data: []byte("images:\n- to: db\n- to: debug\npromotion:\n  namespace: ocp\n  name: \"1.10\"\n")},
		"ci-operator/config/acme/two/acme-two-gone.yaml":                      {Data: []byte("images:\n- to: gone\npromotion:\n  disabled: true\n  namespace: lab\n  name: \"1.10\"\n")},
		"core-services/release-controller/_releases/release-ocp-1.10-ci.json": {Data: []byte(`{"name": "1.10.0-0.ci", "publish": {"m": {"imageStreamRef": {"namespace": "lab", "name": "1.10", "excludeTags": ["debug"]}}}}`)},
	}
	for name, text := range more {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func generate(t *testing.T, fsys fstest.MapFS) *mapgen.Result {
	t.Helper()
	tree, err := release.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	all := mapgen.All(tree)
	if len(all) != 1 {
		t.Fatalf("%d sets with a configuration", len(all))
	}
	return all[0]
}

func problems(r *mapgen.Result) string {
	var lines []string
	for _, p := range slices.Concat(r.Config.Problems, r.Problems) {
		lines = append(lines, fmt.Sprintf("%d:%d %s: %s", p.Pos.Line, p.Pos.Column, p.Severity, p.Message))
	}
	return strings.Join(lines, "\n")
}

func TestGenerate(t *testing.T) {
	const (
		nine = "SRC1.9SEPapp quay.io/acme/lab-app:1.9 quay.io/acme/lab-app:1.9.0\nSRC1.9SEPweb quay.io/acme/lab-web:1.9 quay.io/acme/lab-web:1.9.0\n"
		ten  = "SRC1.10SEPapp quay.io/acme/lab-app:1.10 quay.io/acme/lab-app:latest\nSRC1.10SEPdb quay.io/acme/lab-db:1.10 quay.io/acme/lab-db:latest\n"
	)
	inForm := func(text, src, sep string) string { return strings.NewReplacer("SRC", src, "SEP", sep).Replace(text) }
	for _, tt := range []struct {
		name, config, existing string
		src, sep               string
	}{
		{"the registry", two, "", "registry.ci.openshift.org/lab/", ":"},
		{"a setting", "source_form: quay\n" + two, "", "quay.io/openshift/ci:lab_", "_"},
		{"another setting", "source_form: quay-proxy\n" + two, "", "quay-proxy.ci.openshift.org/openshift/ci:lab_", "_"},
		{"the source registry", strings.Replace(two, "registry.ci.openshift.org", "quay.io", 1), "", "quay.io/openshift/ci:lab_", "_"},
		{"the files that are there", two, "quay-proxy.ci.openshift.org/openshift/ci:lab_1.9_app quay.io/acme/lab-app:1.9\n", "quay-proxy.ci.openshift.org/openshift/ci:lab_", "_"},
		{"most of the files that are there", two, "registry.ci.openshift.org/lab/1.9:app quay.io/x/y:1\nquay.io/openshift/ci:lab_1.9_a quay.io/x/y:2\nquay.io/openshift/ci:lab_1.9_b quay.io/x/y:3\n", "quay.io/openshift/ci:lab_", "_"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			more := map[string]string{}
			if tt.existing != "" {
				more[dir+"/mapping_lab_1_9"] = tt.existing
			}
			r := generate(t, files(tt.config, more))
			if p := problems(r); p != "" {
				t.Errorf("problems: %s", p)
			}
			got := map[string]string{}
			for _, f := range r.Files {
				got[f.Path] = string(f.New)
			}
			want := map[string]string{dir + "/mapping_lab_1_9": inForm(nine, tt.src, tt.sep), dir + "/mapping_lab_1_10": inForm(ten, tt.src, tt.sep)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct{ name, config, want string }{
		{"unknown key", "target_registri: x\n" + two, `1:1 error: unknown setting "target_registri"`},
		{"missing keys", "images: {}\n", "1:1 error: source_namespace is missing"},
		{"a key twice", two + "images: {}\n", "8:1 error: images is given twice"},
		{"a stream twice", two + "  \"1.9\": [x]\n", "8:3 error: 1.9 is given twice"},
		{"a number", config + "  1.10: [latest]\n", "6:3 error: the stream: YAML reads 1.10 as 1.1"},
		{"a number as tag", config + "  \"1.10\": [1.10]\n", "6:12 error: a tag of images.1.10: YAML reads 1.10 as 1.1"},
		{"a tag twice", config + "  \"1.9\": [a, a]\n", "6:14 error: images.1.9: the tag a is given twice"},
		{"no tag", config + "  \"1.9\": []\n", "6:3 error: images.1.9 has no tags"},
		{"no list", config + "  \"1.9\": a\n", "6:10 error: images.1.9 must be a list"},
		{"an impossible tag", config + "  \"1.9\": [\"a b\"]\n", `6:11 error: images.1.9: "a b" is not a valid tag`},
		{"an unknown form", "source_form: docker\n" + two, `1:14 error: source_form: unknown value "docker"`},
		{"no YAML", "images: [", "error: not valid YAML"},
		{"an empty file", "", "1:0 error: the file is empty"},
		{"two streams, one destination", config + "  \"1.9\": [latest]\n  \"1.10\": [latest]\n", "7:12 error: the streams 1.9 and 1.10 both write the tag latest of quay.io/acme/lab-app"},
		{"a stream without promotions", two + "  \"1.11\": [\"1.11\"]\n", "8:3 warning: nothing promotes to the stream lab/1.11"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := generate(t, files(tt.config, nil))
			if got := problems(r); !strings.Contains(got, tt.want) {
				t.Errorf("problems %q, want %q", got, tt.want)
			}
			if strings.Contains(tt.want, "error") && len(r.Files) > 0 {
				t.Error("there are files in spite of an error")
			}
		})
	}
	t.Run("two streams with the same tag and no image in common", func(t *testing.T) {
		r := generate(t, files(config+"  \"1.9\": [latest]\n  \"2\": [latest]\n", map[string]string{
			"ci-operator/config/acme/x/acme-x-main.yaml": "images:\n- to: x\npromotion:\n  namespace: lab\n  name: \"2\"\n",
		}))
		if p := problems(r); p != "" || len(r.Files) != 2 {
			t.Errorf("%d files, problems %s", len(r.Files), p)
		}
	})
	t.Run("a config that cannot be read", func(t *testing.T) {
		r := generate(t, files(two, map[string]string{"ci-operator/config/acme/x/acme-x-main.yaml": "promotion: [\n"}))
		if p := problems(r); !strings.Contains(p, "error") || len(r.Files) > 0 {
			t.Errorf("%d files are made without all promotions; problems %q", len(r.Files), p)
		}
	})
	t.Run("no configs", func(t *testing.T) {
		r := generate(t, fstest.MapFS{dir + "/_config.yaml": {Data: []byte(two)}})
		if p := problems(r); !strings.Contains(p, "no ci-operator configs") || len(r.Files)+len(r.Stale) > 0 {
			t.Errorf("problems %q", p)
		}
	})
}

// A file is stale if the configuration once generated it, in any form. A file with
// any other line is not.
func TestStale(t *testing.T) {
	r := generate(t, files(two, map[string]string{
		dir + "/mapping_lab_1_8":       "registry.ci.openshift.org/lab/1.8:app quay.io/acme/lab-app:1.8 quay.io/acme/lab-app:1.8.0\n",
		dir + "/mapping_lab_1_7":       "quay.io/openshift/ci:lab_1.7_app quay.io/acme/lab-app:1.7\n",
		dir + "/mapping_lab_1_6":       "# by hand\nregistry.ci.openshift.org/lab/1.6:app quay.io/acme/lab-app:1.6\n",
		dir + "/mapping_lab_1_5":       "registry.ci.openshift.org/lab/1.5:app quay.io/acme/app:1.5\n",
		dir + "/mapping_lab_1_4_extra": "registry.ci.openshift.org/lab/1.4:app quay.io/acme/lab-app:1.4\n",
		dir + "/mapping_lab_1_3":       "",
		dir + "/mapping_lab_1_2":       "registry.ci.openshift.org/lab/1.2:* quay.io/acme/lab-app\n",
	}))
	var got []string
	for _, m := range r.Stale {
		got = append(got, m.Base)
	}
	if diff := cmp.Diff([]string{"mapping_lab_1_7", "mapping_lab_1_8"}, got); diff != "" {
		t.Errorf("stale files (-want +got):\n%s", diff)
	}
}
