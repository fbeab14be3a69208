package validate

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

const fuzzedFile = "core-services/image-mirroring/team/mapping_team"

// FuzzIgnores reads any text as a file with ignore comments: it does not panic,
// and each comment has the position of its mark.
func FuzzIgnores(f *testing.F) {
	for _, seed := range []string{
		"# mirror-lint:ignore mapping-name why\n", "a b # mirror-lint:ignore a,b, c why\n", "#mirror-lint:ignore\n", "ä # mirror-lint:ignore a\tb",
		"# mirror-lint:ignore , ,\n", "# mirror-lint:ignored a b\n", "# mirror-lint:ignore a # mirror-lint:ignore b c\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, ig := range findIgnores("f", text) {
			if ig.pos.Line < 1 || ig.pos.Line > len(lines) {
				t.Fatalf("a comment in line %d of %d", ig.pos.Line, len(lines))
			}
			line := []rune(lines[ig.pos.Line-1])
			if ig.pos.Column < 1 || ig.pos.Column > len(line) || line[ig.pos.Column-1] != '#' {
				t.Errorf("no comment at %v", ig.pos)
			}
			if slices.Contains(ig.rules, "") || strings.TrimSpace(ig.reason) != ig.reason {
				t.Errorf("rules %q, reason %q", ig.rules, ig.reason)
			}
		}
	})
}

// FuzzBaseline reads any text as a baseline: it does not panic, and a written
// baseline is read back unchanged.
func FuzzBaseline(f *testing.F) {
	for _, seed := range []string{
		"", "[]", `{"version": 2}`, `{"version": 1}`, `{"version": 2, "findings": [{"rule": "a", "file": "b", "message": "c", "count": 2, "keys": "a  a b"}, {"count": -1}]}`,
		`{"version": 2, "findings": [{"message": "\ud800<\u2028"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		known, err := ReadKnown(text)
		if err != nil {
			return
		}
		result := &Result{}
		known.Stale(result, "f", release.DefaultSettings(release.DefaultLayout()))
		known.New(result)
		var written bytes.Buffer
		if err := known.Write(&written); err != nil {
			t.Fatal(err)
		}
		again, err := ReadKnown(written.Bytes())
		if err != nil || !slices.Equal(known.causes, again.causes) {
			t.Errorf("%v is read again as %v, %v", known, again, err)
		}
	})
}

// FuzzLint runs all rules on a mapping file and a job's script with any
// content: they do not panic, and every finding has a message and a position.
func FuzzLint(f *testing.F) {
	f.Add("a.io/b/c:1 d.io/b/c:1\n", "for m in /etc/imagemirror/mapping_team*; do\n  oc image mirror -f=$m\ndone\n")
	f.Add("a.io/b/c:* d.io/b/c\n# mirror-lint:ignore mapping-format a\n", "oc registry login --to=/tmp/x\nif ! oc image mirror -f=/etc/imagemirror/mapping_[; then\n")
	f.Add("quay.io/openshift/ci:a_b_c d.io/b@sha256:x\n", "echo \"Running: oc image mirror\"\noc image mirror\n")
	f.Fuzz(func(t *testing.T, text, script string) {
		indented := strings.ReplaceAll(script, "\n", "\n        ")
		jobs := "periodics:\n- name: periodic-image-mirroring-team\n  spec:\n    containers:\n    - args:\n      - -c\n      - |\n        " + indented +
			"\n      volumeMounts: [{mountPath: /etc/imagemirror, name: config}]\n    volumes: [{name: config, configMap: {name: image-mirror-mappings}}]\n"
		tree, err := release.Load(fstest.MapFS{
			fuzzedFile:        {Data: []byte(text)},
			fuzzedFile + "_2": {Data: []byte("a.io/b/c:1 d.io/b/c:1\n")},
			"ci-operator/jobs/infra-image-mirroring.yaml": {Data: []byte(jobs)},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range Run(tree, Rules()...).Findings {
			if found.Pos.File == "" || found.Message == "" || found.Severity < source.Error || found.Severity > source.Info {
				t.Errorf("%+v", found)
			}
		}
	})
}

// FuzzJobs runs all rules on a jobs file with any content: they do not panic,
// and every finding has a message and a position.
func FuzzJobs(f *testing.F) {
	_, job, _ := strings.Cut(exampleFromTemplate(), "periodics:\n")
	f.Add("periodics:\n" + job)
	f.Add("periodics:\n" + strings.Replace(job, "name: HOME", "name: &a [*a]", 1))
	f.Add("periodics:\n" + strings.Replace(job, "agent: kubernetes", "labels: &l {a: *l}\n  reporter_config: *l", 1))
	f.Add("periodics:\n" + job + strings.Replace(job, "spec:", "spec: &s {containers: *s}\n  decoration_config:", 1))
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := release.Load(fstest.MapFS{fuzzedFile: {Data: []byte("a.io/b/c:1 d.io/b/c:1\n")}, "ci-operator/jobs/infra-image-mirroring.yaml": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range Run(tree, Rules()...).Findings {
			if found.Pos.File == "" || found.Message == "" {
				t.Errorf("%+v", found)
			}
		}
	})
}

// FuzzFix fixes a mapping file with any content: a second run changes nothing,
// and a file that oc accepts mirrors the same images as before.
func FuzzFix(f *testing.F) {
	for _, seed := range []string{
		"a.io/b:1\tc.io/b:1", "a.io/b:1 c.io/b:1 c.io/b:1\n", "a.io/b:1 c.io/b:1\na.io/b:1  c.io/b:1 \r\n", "  # x\n\n a.io/b c.io/d=e.io/f # y  ", "a.io/b:* c.io/b\na.io/b c.io/b:latest\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		changes, _, _, err := ApplyFixes(fstest.MapFS{fuzzedFile: {Data: []byte(text)}}, nil, Rules()...)
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) == 0 {
			return
		}
		mended := changes[0].New
		again, _, _, err := ApplyFixes(fstest.MapFS{fuzzedFile: {Data: mended}}, nil, Rules()...)
		if err != nil || len(again) > 0 {
			t.Errorf("a second run changes %q to %q (%v)", mended, again[0].New, err)
		}
		before := mapping.Parse("f", []byte(text))
		if len(before.Problems) > 0 {
			return
		}
		if after := mapping.Parse("f", mended); !maps.Equal(copies(before), copies(after)) {
			t.Errorf("%q copies %v, mended to %q it copies %v", text, copies(before), mended, copies(after))
		}
	})
}

func copies(f *mapping.File) map[[2]string]bool {
	all := map[[2]string]bool{}
	for p := range f.Pairs() {
		all[[2]string{p.Source.Canonical(), p.Destination.Exact()}] = true
	}
	return all
}
