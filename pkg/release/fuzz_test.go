package release

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mattn/go-zglob"
)

// FuzzOwners reads any text as OWNERS and as OWNERS_ALIASES: it does not panic,
// every problem has a position, and names have the form that Prow compares.
func FuzzOwners(f *testing.F) {
	for _, seed := range []string{
		"", "approvers:\n- alice\n- '@Bob '\nreviewers: [team]\n", "filters:\n  \".*\":\n    approvers: [a]\n", "approvers: &a [x]\nreviewers: *a\n",
		"approvers: alice\n", "approvers: [1, ~, {a: b}, [c]]\n", "aliases:\n  Team: [a, B]\n  empty:\n", "aliases: {a: &x [b], c: *x}\n", "approvers:\n- !!binary YQ==\n", "- a\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		owners, problems := parseOwners("f", text)
		aliases, more := parseAliases("f", text)
		for _, p := range append(problems, more...) {
			if p.Pos.File != "f" || p.Message == "" {
				t.Errorf("a problem without a place or a text: %+v", p)
			}
		}
		for _, o := range append(owners.Approvers, owners.Reviewers...) {
			if o.Name == "" || o.Name != strings.ToLower(o.Name) || o.Pos.Line < 1 || o.Pos.Column < 1 {
				t.Errorf("an owner %+v", o)
			}
		}
		if aliases == nil {
			return
		}
		for name := range aliases.Members {
			if _, ok := aliases.Pos[name]; !ok {
				t.Errorf("the alias %q has no place", name)
			}
		}
	})
}

// plainGlob are globs and names below a folder in which all characters mean the
// same to both libraries.
var plainGlob = regexp.MustCompile(`^core/(?:\*\*/)?(?:[a-z_]*\*?[a-z_]+/(?:\*\*/)?)*(?:[a-z_]*\*?[a-z_]+|[a-z_]+\*)$`)

// FuzzUpdater reads any text as the plugins' configuration and as a glob of
// config-updater. Plain globs match the same names as in config-updater's own
// library.
func FuzzUpdater(f *testing.F) {
	plugins := DefaultLayout().Plugins
	f.Add("config_updater:\n  maps:\n    a/**/mapping_*:\n      name: x\n", "core/**/mapping_*", "core/b/mapping_c")
	f.Add("config_updater: {maps: {a: {partitioned_names: [x, y]}, b: ~}}\n", "core/*_b", "core/c_b")
	f.Add("config_updater: []\n", "[", "a")
	f.Add("config_updater: {maps: &m {a: {clusters: *m}}}\n", "{a,b}", "b")
	f.Add("", "core/**/*/a", "core/b/c/a")
	f.Fuzz(func(t *testing.T, text, glob, file string) {
		tree := &Tree{Layout: DefaultLayout(), FS: fstest.MapFS{plugins: {Data: []byte(text)}}}
		for _, m := range loadUpdater(tree).Maps {
			m.Matches(file)
			if m.Pos.File != plugins {
				t.Errorf("the entry %+v has no place", m)
			}
		}
		got := UpdaterMap{Glob: glob}.Matches(file)
		if !plainGlob.MatchString(glob) || !plainGlob.MatchString(file) || strings.Contains(file, "*") {
			return
		}
		if want, err := zglob.Match(glob, file); err == nil && got != want {
			t.Errorf("%q and %q: %v, config-updater says %v", glob, file, got, want)
		}
	})
}
