package release

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// multiplied is YAML whose aliases expand to 10^10 values under its last key,
// and another key that uses it.
func multiplied(key string) string {
	var b strings.Builder
	b.WriteString("a: &a [x, x, x, x, x, x, x, x, x, x]\n")
	for c := byte('b'); c <= 'j'; c++ {
		fmt.Fprintf(&b, "%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), c-1)
	}
	return b.String() + key + ": *j\n"
}

const circular = "x: &x\n  y: [*x]\nkind: RoleBinding\nitems: *x\npromotion: *x\n"

// allProblems reads all parts of a tree and returns its problems.
func allProblems(t *testing.T, tree fs.FS) string {
	t.Helper()
	l, err := Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range l.Problems {
		fmt.Fprintln(&b, p.Error())
	}
	for _, p := range l.Promotions().Problems {
		fmt.Fprintln(&b, p.Error())
	}
	for _, p := range l.CIImages().Problems {
		fmt.Fprintln(&b, p.Error())
	}
	for _, p := range l.Manifests().Problems {
		fmt.Fprintln(&b, p.Error())
	}
	fmt.Fprintln(&b, l.Updater().Missing)
	fmt.Fprintln(&b, l.Secrets().Missing)
	l.Template()
	l.Runs()
	return b.String()
}

// Aliases that multiply or refer to themselves are an error in every file.
func TestAliasesAreBounded(t *testing.T) {
	layout := DefaultLayout()
	set := layout.Mirroring + "/team/"
	for _, name := range []string{
		layout.Settings(), set + JobSettingsName, set + "OWNERS", layout.Aliases, layout.Jobs, layout.Plugins, layout.Secrets, layout.Supplemental(),
		layout.Config + "/o/r/o-r-main.yaml", layout.ManifestDirs()[0] + "/deep/x.yaml",
	} {
		for text, want := range map[string]string{
			multiplied("kind: RoleBinding\npromotion"): "its aliases make more than", circular: "refers to a value that contains it",
		} {
			tree := fstest.MapFS{set + "mapping_team": {Data: []byte("a.io/a:b c.io/d:e\n")}, name: {Data: []byte(text)}}
			if got := allProblems(t, tree); !strings.Contains(got, name) || !strings.Contains(got, want) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	tree := fstest.MapFS{layout.Jobs: {Data: []byte("periodics:\n- {name: a, labels: &l {k: v}}\n- {name: b, labels: *l}\n- {name: c, labels: *l}\n")}}
	l, err := Load(tree)
	if err != nil || len(l.Problems) > 0 || len(l.Jobs.Jobs) != 3 {
		t.Errorf("a few aliases: %v, %+v", err, l)
	}
}

func TestFilesAreBounded(t *testing.T) {
	layout := DefaultLayout()
	set := layout.Mirroring + "/team/"
	line := "a.io/a:b c.io/d:e\n"
	for what, test := range map[string]struct{ name, text, want string }{
		"a large mapping file": {set + "mapping_team_x", strings.Repeat(line, 120_000), "mapping_team_x: the file cannot be read: it has more than 2 MiB"},
		"a large jobs file":    {layout.Jobs, strings.Repeat("#\n", 5<<20), layout.Jobs + ": the file cannot be read: it has more than 8 MiB"},
		"many values":          {layout.Jobs, "x: [" + strings.Repeat("1,", 600_000) + "]\n", layout.Jobs + ": the file is not read: it holds more than 500000 values"},
		"many periodics":       {layout.Jobs, "periodics:\n" + strings.Repeat("- {}\n", 6000), layout.Jobs + ":5002:3: this periodic and those after it are not read"},
		"a large config":       {layout.Config + "/o/r/o-r-main.yaml", strings.Repeat("#\n", 5<<20), "o-r-main.yaml: the file cannot be read: it has more than 8 MiB"},
		"a large manifest":     {layout.ManifestDirs()[0] + "/x.yaml", strings.Repeat("#\n", 5<<20), "x.yaml: the file cannot be read: it has more than 8 MiB"},
		"a product of images and places": {layout.Config + "/o/r/o-r-main.yaml",
			"promotion:\n  to:\n" + strings.Repeat("  - {namespace: n, name: s}\n", 2000) + "images:\n" + strings.Repeat("- to: a\n", 2000), "more than 1000000 tags"},
		"a product of secrets and clusters": {layout.Secrets,
			"cluster_groups:\n  g: [" + strings.Repeat("c,", 2000) + "]\nsecret_configs:\n- to:\n" + strings.Repeat("  - {cluster_groups: [g], name: s, namespace: ci}\n", 2000), "more than 200000 secrets"},
	} {
		tree := fstest.MapFS{set + "mapping_team": {Data: []byte(line)}, test.name: {Data: []byte(test.text)}}
		if got := allProblems(t, tree); !strings.Contains(got, test.want) {
			t.Errorf("%s: %.500s", what, got)
		}
	}
}

// The number of small files is limited, and a problem names the first file
// beyond the limit.
func TestTreesAreBounded(t *testing.T) {
	mirroring := DefaultLayout().Mirroring
	files := fstest.MapFS{}
	for i := range 9 {
		files[fmt.Sprintf("%s/team/mapping_team_%d", mirroring, i)] = &fstest.MapFile{Data: []byte(strings.Repeat("a.io/a:b c.io/d:e\n", 50_000))}
	}
	tree, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Sets[0].Files) != 7 || len(tree.Problems) != 1 || !strings.Contains(tree.Problems[0].Error(), "mapping_team_7: this file and those after it are not read") {
		t.Errorf("%d files, %v", len(tree.Sets[0].Files), tree.Problems)
	}
	sets := fstest.MapFS{}
	for i := range maxSets + 10 {
		sets[fmt.Sprintf("%s/s%05d/OWNERS", mirroring, i)] = &fstest.MapFile{Data: []byte("approvers: [a]\n")}
	}
	if tree, err = Load(sets); err != nil {
		t.Fatal(err)
	}
	if len(tree.Sets) != maxSets || len(tree.Problems) != 1 || !strings.Contains(tree.Problems[0].Error(), "s05000: this folder and those after it are not read") {
		t.Errorf("%d sets, %v", len(tree.Sets), tree.Problems)
	}
}

// The settings of all jobs have a common limit.
func TestJobSettingsAreBounded(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 10 {
		text := "secret: a\nscript: |\n  # " + strings.Repeat("x", 1<<19) + "\n"
		files[fmt.Sprintf("%s/s%d/_job.yaml", DefaultLayout().Mirroring, i)] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, s := range tree.Sets {
		if s.Job != nil {
			read++
		}
	}
	if read != 7 || len(tree.Problems) != 1 || !strings.Contains(tree.Problems[0].Error(), "s7/_job.yaml: this file and those after it are not read") {
		t.Errorf("%d settings, %v", read, tree.Problems)
	}
}

// An alias with many members that are all keys is resolved once.
func TestManyAliases(t *testing.T) {
	var b strings.Builder
	b.WriteString("aliases:\n")
	for i := range 150_000 {
		fmt.Fprintf(&b, "  a%d: [m]\n", i)
	}
	aliases, problems := parseAliases("OWNERS_ALIASES", []byte(b.String()))
	if len(problems) > 0 || len(aliases.Members) != 150_000 || aliases.Members["a149999"][0] != "m" {
		t.Errorf("%d aliases, %v", len(aliases.Members), problems)
	}
}
