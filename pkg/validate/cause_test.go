package validate_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func TestGroupByCause(t *testing.T) {
	at := func(file, message, cause string, severity source.Severity) validate.Finding {
		return validate.Finding{Rule: "r", Severity: severity, Pos: source.Position{File: file}, Message: message, Hint: "mend " + file,
			Cause: validate.Cause{ID: cause, Summary: "{n} files are wrong", Hint: "mend them"}}
	}
	groups := validate.GroupByCause([]validate.Finding{
		at("a", "a is wrong", "c", source.Error), at("b", "alone", "", source.Error),
		at("d", "d is wrong", "c", source.Error), at("e", "e is wrong", "c", source.Warning),
	})
	var got []string
	for _, g := range groups {
		got = append(got, g.Message()+"; "+g.Hint())
	}
	want := []string{"2 files are wrong; mend them", "alone; mend b", "e is wrong; mend e"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if groups[0].ID != groups[2].ID || groups[0].ID == groups[1].ID {
		t.Errorf("causes %q, %q, %q", groups[0].ID, groups[1].ID, groups[2].ID)
	}
}

// Programs that only use rules must not link HTML templates.
func TestNoTemplates(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if dep == "html/template" {
			t.Errorf("pkg/validate depends on %s", dep)
		}
	}
}

// The hint of several findings with one cause covers all of them.
func TestHintForSeveral(t *testing.T) {
	for what, test := range map[string]struct {
		rule, hint string
		change     func(files)
	}{
		"files that another job picks up": {"mapping-name", "rename them to mapping_search_…", func(f files) {
			f.move(search, dir+"search/mapping_billing_find")
			f[dir+"search/mapping_billing_seek"] = "quay.io/prometheus/busybox:1 quay.io/search/busybox:1\n"
		}},
		"files that no job picks up": {"mapping-unused", "rename the files so that the job of their set picks them up", func(f files) {
			f.edit(jobs, "mapping_search*", "mapping_search_new*")
			f[dir+"search/mapping_search_new"] = "quay.io/prometheus/busybox:1 quay.io/search/busybox:1\n"
			f[dir+"search/mapping_search_old"] = "quay.io/prometheus/busybox:1 quay.io/search/busybox:2\n"
		}},
		"images that nothing promotes": {"source-unpromoted", "promote them, correct the names, or remove the lines: the copies are never updated, and fail once the tags are pruned", func(f files) {
			f[search] += "registry.ci.openshift.org/search/main:page quay.io/search/page:1\n"
			f[dir+"search/mapping_search_more"] = "registry.ci.openshift.org/search/main:link quay.io/search/link:1\n"
		}},
		"images of Docker Hub": {"reference-registry", "mirror them from quay.io or another registry without a pull limit", func(f files) {
			f[search] += "docker.io/library/nginx:1 quay.io/search/nginx:1\ndocker.io/library/redis:1 quay.io/search/redis:1\n"
		}},
	} {
		after := shop()
		test.change(after)
		for _, g := range validate.GroupByCause(since(t, shop(), after).Findings) {
			if g.First().Rule == test.rule && (len(g.Findings) != 2 || g.Hint() != test.hint) {
				t.Errorf("%s: the hint for %d findings is %q, want %q", what, len(g.Findings), g.Hint(), test.hint)
			} else if g.First().Rule == test.rule {
				test.hint = ""
			}
		}
		if test.hint != "" {
			t.Errorf("%s: no finding of %s", what, test.rule)
		}
	}
}

// Several files are no longer generated because of one change of the configuration.
func TestFilesNoLongerGeneratedHaveOneCause(t *testing.T) {
	const set = "core-services/image-mirroring/lab/"
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	fsys := fstest.MapFS{
		"ci-operator/config/acme/app/acme-app-main.yaml": file("images:\n- to: app\npromotion:\n  name: now\n  namespace: lab\n"),
		set + "_config.yaml":                             file("source_registry: registry.ci.openshift.org\nsource_namespace: lab\ntarget_registry: quay.io\ntarget_namespace: acme\nimages:\n  now: [latest]\n"),
	}
	for _, stream := range []string{"now", "before", "earlier"} {
		fsys[set+"mapping_lab_"+stream] = file("registry.ci.openshift.org/lab/" + stream + ":app quay.io/acme/lab-app:latest\n")
	}
	tree, err := release.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range validate.GroupByCause(validate.Run(tree, validate.Rules()...).Findings) {
		if g.First().Rule == "mapping-generated" {
			got = append(got, g.Message())
		}
	}
	if want := []string{"2 mapping files are no longer generated: no stream of " + set + "_config.yaml produces them"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
