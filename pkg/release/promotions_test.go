package release

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestScanRealConfigs compares scanConfig with the YAML parser on configs of
// the real trees: every fourth one, or all if MIRROR_ALL_CONFIGS is set.
func TestScanRealConfigs(t *testing.T) {
	for _, tree := range []string{"release-2020-08.tar.gz", "release-2022-12.tar.gz"} {
		t.Run(tree, func(t *testing.T) {
			step := 4
			if os.Getenv("MIRROR_ALL_CONFIGS") != "" {
				step = 1
			}
			files, slow := 0, 0
			forEachFile(t, tree, func(name string, data []byte) {
				if !strings.HasPrefix(name, "ci-operator/config"+"/") || filepath.Ext(name) != ".yaml" {
					return
				}
				files++
				if got, ok := new(sectionCache).scanConfig(data); !ok {
					slow++
				} else if files%step == 0 {
					compareScan(t, name, data, got)
				}
			})
			t.Logf("%d configs, %d of them not scanned", files, slow)
			if files == 0 || slow*50 > files {
				t.Errorf("%d of %d configs are not read the fast way", slow, files)
			}
		})
	}
}

// forEachFile goes through an archive of the real data, or skips the test.
func forEachFile(t *testing.T, archive string, visit func(name string, data []byte)) {
	dir := os.Getenv("MIRROR_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	f, err := os.Open(filepath.Join(dir, archive))
	if err != nil {
		t.Skipf("no real data: %v (set MIRROR_CORPUS)", err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		visit(strings.TrimPrefix(h.Name, "./"), data)
	}
}

func compareScan(t *testing.T, name string, data []byte, got config) {
	t.Helper()
	want, problem := decodeConfig(name, data)
	if problem != nil {
		t.Errorf("%s: scanned, but %v", name, problem)
		return
	}
	wantAll, wantCommit := want.promotions(name)
	gotAll, gotCommit := got.promotions(name)
	if diff := cmp.Diff(wantAll, gotAll) + cmp.Diff(wantCommit, gotCommit); diff != "" {
		t.Errorf("%s: scanning differs from decoding (-decoded +scanned):\n%s", name, diff)
	}
}

// configs are forms of a config. scanConfig must read those that tools write;
// of the others, it must reject those that it would read differently from
// decodeConfig.
var configs = map[string]struct {
	text string
	slow bool // not to be scanned
	want string
}{
	"name":   {"promotion:\n  name: \"4.9\"\n  namespace: ocp\nimages:\n- from: base\n  to: a\n- to: b\n", false, "ocp/4.9:a@6 ocp/4.9:b@7"},
	"tag":    {"images:\n- to: a\npromotion:\n  namespace: team\n  tag: latest\n", false, "team/a:latest@2"},
	"number": {"images:\n- to: a\npromotion:\n  namespace: ocp\n  name: 4.10\n", false, "ocp/4.10:a@2"},
	"targets": {"images:\n- to: a\npromotion:\n  to:\n  - name: one\n    namespace: n\n  - namespace: n\n    tag: two\n    tag_by_commit: true\n",
		false, "n/one:a@2 n/a:two@2 commits n/a"},
	"older and newer form":      {"images:\n- to: a\npromotion:\n  namespace: o\n  name: p\n  to:\n  - name: one\n    namespace: n\n", false, "o/p:a@2 n/one:a@2"},
	"items":                     {"images:\n  build_if_affected: true\n  items:\n  - dockerfile_path: x\n    to: a\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@5"},
	"disabled":                  {"images:\n- to: a\npromotion:\n  disabled: true\n  namespace: o\n  name: p\n  tag_by_commit: true\n", false, "o/p:a@2 disabled"},
	"disabled target":           {"images:\n- to: a\npromotion:\n  to:\n  - disabled: true\n    namespace: o\n    name: p\n  - namespace: o\n    name: q\n", false, "o/p:a@2 disabled o/q:a@2"},
	"optional":                  {"images:\n- optional: true\n  to: a\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@3 optional"},
	"excluded":                  {"images:\n- to: a\n- to: b\npromotion:\n  excluded_images:\n  - b\n  namespace: o\n  name: p\n", false, "o/p:a@2"},
	"all excluded but one":      {"images:\n- to: a\n- to: b\npromotion:\n  additional_images:\n    b: b\n  excluded_images:\n  - '*'\n  namespace: o\n  name: p\n", false, "o/p:b@6"},
	"additional overrides":      {"images:\n- to: a\npromotion:\n  additional_images:\n    a: other\n    c: src\n  namespace: o\n  name: p\n", false, "o/p:a@5 o/p:c@6"},
	"both name and tag":         {"images:\n- to: a\npromotion:\n  namespace: o\n  name: p\n  tag: t\n", false, "o/p:a@2"},
	"no namespace":              {"images:\n- to: a\npromotion:\n  name: p\n", false, ""},
	"neither name nor tag":      {"images:\n- to: a\npromotion:\n  namespace: o\n", false, ""},
	"nothing promoted":          {"images:\n- to: a\ntests: []\n", false, ""},
	"no images":                 {"promotion:\n  namespace: o\n  name: p\n", false, ""},
	"binaries":                  {"binary_build_commands: make\nimages:\n- to: a\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@3 build-cache/org-repo:main-v2@0"},
	"binaries not kept":         {"binary_build_commands: make\npromotion:\n  disable_build_cache: true\n  namespace: o\n  name: p\n", false, ""},
	"inputs have a to":          {"images:\n- inputs:\n    bin:\n      paths:\n      - to: x\n  to: a\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@6"},
	"literal Dockerfile":        {"images:\n- dockerfile_literal: |-\n    FROM x\n\n    # to: y\n    to: z\n  to: a\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@7"},
	"list as value":             {"images:\n- build_args:\n  - name: to\n    value: x\n  to: a\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@5"},
	"comments":                  {"# head\nimages:\n# one\n- to: a\n  # two\n- to: b\npromotion:\n  # three\n  namespace: o\n  name: p\n", false, "o/p:a@4 o/p:b@6"},
	"no newline at the end":     {"images:\n- to: a\npromotion:\n  namespace: o\n  name: p", false, "o/p:a@2"},
	"deeper lists":              {"images:\n  - to: a\n  - to: b\npromotion:\n    namespace: o\n    name: p\n", false, "o/p:a@2 o/p:b@3"},
	"comment behind a value":    {"images:\n- to: a # x\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@2"},
	"flow":                      {"images: [{to: a}]\npromotion: {namespace: o, name: p}\n", true, "o/p:a@1"},
	"anchors":                   {"images:\n- &x\n  to: a\npromotion: &y\n  namespace: o\n  name: p\n", true, "o/p:a@3"},
	"scalar of several lines":   {"images:\n- to: a\npromotion:\n  namespace: o\n  name: \"p\n    q\"\n", false, "o/p q:a@2"},
	"quoted key":                {"images:\n- to: a\n\"promotion\":\n  namespace: o\n  name: p\n", true, "o/p:a@2"},
	"document mark":             {"---\nimages:\n- to: a\npromotion:\n  namespace: o\n  name: p\n", true, "o/p:a@3"},
	"carriage returns":          {"images:\r\n- to: a\r\npromotion:\r\n  namespace: o\r\n  name: p\r\n", true, "o/p:a@2"},
	"null":                      {"images:\n- to: a\npromotion:\n  namespace: o\n  name: null\n  tag: t\n", false, "o/a:t@2"},
	"literal without text":      {"binary_build_commands: |\nimages:\n- to: a\npromotion:\n  namespace: o\n  name: p\n", true, "o/p:a@3"},
	"quoted over several lines": {"images:\n- dockerfile_literal: \"x\n  to: b\"\n  to: a\npromotion:\n  namespace: o\n  name: p\n", false, "o/p:a@4"},
	"a list instead":            {"- promotion:\n", true, ""},
}

func TestConfigs(t *testing.T) {
	const path = "ci-operator/config/org/repo/org-repo-main__v2.yaml"
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			got, ok := new(sectionCache).scanConfig([]byte(c.text))
			if ok == c.slow {
				t.Errorf("scanned: %v", ok)
			}
			if ok {
				compareScan(t, path, []byte(c.text), got)
			}
			decoded, problem := decodeConfig(path, []byte(c.text))
			if problem != nil {
				t.Fatal(problem)
			}
			if got := describe(decoded.promotions(path)); got != c.want {
				t.Errorf("promotes %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzScanConfig(f *testing.F) {
	for _, c := range configs {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const name = "ci-operator/config/org/repo/org-repo-main.yaml"
		got, ok := new(sectionCache).scanConfig([]byte(text))
		if !ok || strings.ContainsAny(text, "\"'") { // in a quoted text anything may look like a key
			return
		}
		if _, problem := decodeConfig(name, []byte(text)); problem == nil {
			compareScan(t, name, []byte(text), got)
		}
	})
}

func describe(all []Promotion, byCommit []Stream) string {
	var words []string
	for _, p := range all {
		words = append(words, fmt.Sprintf("%s@%d", p, p.Pos.Line))
		if p.Disabled {
			words = append(words, "disabled")
		}
		if p.Optional {
			words = append(words, "optional")
		}
	}
	for _, s := range byCommit {
		words = append(words, "commits", s.String())
	}
	return strings.Join(words, " ")
}

func TestPromotions(t *testing.T) {
	fsys := fstest.MapFS{
		"ci-operator/config/org/one/org-one-main.yaml":   {Data: []byte("images:\n- to: a\n- to: b\npromotion:\n  namespace: ocp\n  name: \"4.9\"\n")},
		"ci-operator/config/org/two/org-two-main.yaml":   {Data: []byte("images:\n- to: c\npromotion:\n  namespace: team\n  tag: latest\n  tag_by_commit: true\n")},
		"ci-operator/config/org/two/org-two-old.yaml":    {Data: []byte("images:\n- to: d\npromotion:\n  disabled: true\n  namespace: team\n  tag: old\n")},
		"ci-operator/config/org/two/org-two-broken.yaml": {Data: []byte("promotion: [\n")},
		"ci-operator/config/org/two/OWNERS":              {Data: []byte("approvers: []\n")},
		"core-services/release-controller/_releases/release-ocp-4.9-ci.json": {Data: []byte(`{"name": "4.9.0-0.ci", "to": "release",
  "publish": {"mirror-to-origin": {"imageStreamRef": {"namespace": "origin", "name": "4.9", "excludeTags": ["b"]}}}}`)},
		"core-services/image-mirroring/_config.yaml": {Data: []byte("supplementalCIImages:\n  ci/base:1.0:\n    image: quay.io/x/base:1.0\n")},
	}
	p := (&Tree{FS: fsys, Layout: DefaultLayout()}).Promotions()
	if p.Configs != 4 || len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Error(), "org-two-broken.yaml:1") {
		t.Errorf("read %d configs with problems %v", p.Configs, p.Problems)
	}
	tag := func(namespace, name, tag string) ImageTag { return ImageTag{Stream{namespace, name}, tag} }
	for tag, want := range map[ImageTag]bool{
		tag("ocp", "4.9", "a"):                     true,
		tag("ocp", "4.9", "c"):                     false,
		tag("ocp", "release", "4.9.0-rc1"):         true,
		tag("origin", "4.9", "a"):                  true,
		tag("origin", "4.9", "b"):                  false, // excluded
		tag("origin", "4.9", "c"):                  false, // not in the release
		tag("team", "c", "latest"):                 true,
		tag("team", "c", strings.Repeat("0a", 20)): true, // a commit
		tag("team", "c", "0a0a"):                   false,
		tag("team", "d", "old"):                    false, // disabled
		tag("ci", "base", "1.0"):                   true,
	} {
		if got := p.Filled(tag); got != want {
			t.Errorf("%s is filled: %v, want %v", tag, got, want)
		}
	}
	if tags, complete := p.Tags(Stream{"ocp", "4.9"}); !complete || strings.Join(tags, " ") != "a b" {
		t.Errorf("tags of ocp/4.9: %v, complete %v", tags, complete)
	}
	for _, s := range []Stream{{"ocp", "release"}, {"origin", "4.9"}, {"nobody", "knows"}} {
		if tags, complete := p.Tags(s); complete {
			t.Errorf("the tags of %s are said to be complete: %v", s, tags)
		}
	}
	if tag, ok := p.Joined("ocp_4.9_a"); !ok || tag.String() != "ocp/4.9:a" {
		t.Errorf("ocp_4.9_a is %v, %v", tag, ok)
	}
	if one, ok := p.Publication(tag("origin", "4.9", "a")); !ok || one.Pos.Line != 2 || one.Pos.Column != 15 {
		t.Errorf("the publication of origin/4.9:a stands at %v, %v", one.Pos, ok)
	}
	var namespaces []string
	for _, one := range p.Namespaces() {
		namespaces = append(namespaces, one.Namespace)
	}
	if got := strings.Join(namespaces, " "); got != "ocp team" {
		t.Errorf("namespaces %q", got)
	}
}
