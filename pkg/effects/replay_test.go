package effects_test

import (
	"io/fs"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

const sets = "core-services/image-mirroring"

// oracle reads mapping files on its own, without pkg/mapping: the sources of
// each destination, and the patterns of repositories.
type oracle struct {
	exact    map[string]map[string]bool // destination to sources
	patterns map[string]map[string]bool // "repository:pattern" to source repositories
}

func readOracle(t *testing.T, fsys fs.FS) oracle {
	t.Helper()
	o := oracle{map[string]map[string]bool{}, map[string]map[string]bool{}}
	folders, _ := fs.ReadDir(fsys, sets)
	for _, dir := range folders {
		if !dir.IsDir() {
			continue
		}
		files, _ := fs.ReadDir(fsys, sets+"/"+dir.Name())
		for _, f := range files {
			if !strings.HasPrefix(f.Name(), "mapping_") || f.IsDir() {
				continue
			}
			data, err := fs.ReadFile(fsys, sets+"/"+dir.Name()+"/"+f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(data)) {
				o.line(line)
			}
		}
	}
	return o
}

func (o oracle) line(line string) {
	line, _, _ = strings.Cut(line, "#")
	words := strings.Fields(line)
	if len(words) == 1 && strings.Contains(words[0], "=") {
		words = strings.Split(words[0], "=")
	}
	if len(words) < 2 {
		return
	}
	source, tag := cut(words[0])
	for _, w := range words[1:] {
		to, own := cut(w)
		switch {
		case strings.Contains(tag, "*") || tag == "":
			if own != "" { // oc refuses the line
				continue
			}
			if tag == "" {
				tag = "*"
			}
			add(o.patterns, to+":"+tag, source)
		default:
			if own == "" {
				own = tag
			}
			add(o.exact, to+":"+own, source+":"+tag)
		}
	}
}

func add(m map[string]map[string]bool, key, value string) {
	if m[key] == nil {
		m[key] = map[string]bool{}
	}
	m[key][value] = true
}

// cut returns a repository with its host, and the tag or, with "@", the digest.
func cut(ref string) (repository, tag string) {
	if name, digest, ok := strings.Cut(ref, "@"); ok {
		name, _ = cut(name)
		return name, "@" + digest
	}
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		ref, tag = ref[:i], ref[i+1:]
	}
	host, rest, ok := strings.Cut(ref, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		host, rest = "docker.io", ref
		if !ok {
			rest = "library/" + ref
		}
	}
	return host + "/" + rest, tag
}

// sources returns the images that a tag gets: by lines that name it, and by
// patterns that cover it.
func (o oracle) sources(t *testing.T, destination string) map[string]bool {
	t.Helper()
	out := maps.Clone(o.exact[destination])
	if out == nil {
		out = map[string]bool{}
	}
	repository, tag, _ := strings.Cut(destination[strings.LastIndex(destination, "/"):], ":")
	repository = destination[:strings.LastIndex(destination, "/")] + repository
	for key, from := range o.patterns {
		at, pattern, _ := strings.Cut(key[strings.LastIndex(key, "/"):], ":")
		if key[:strings.LastIndex(key, "/")]+at != repository {
			continue
		}
		if ok, err := path.Match(pattern, tag); err != nil {
			t.Fatal(err)
		} else if ok && !strings.HasPrefix(tag, "@") {
			for s := range from {
				out[s+":"+tag] = true
			}
		}
	}
	return out
}

// differences returns what two states do differently: each destination with its
// change.
func differences(t *testing.T, before, after oracle) map[string]effects.Change {
	t.Helper()
	out := map[string]effects.Change{}
	compare := func(key string, a, b map[string]bool) {
		switch {
		case len(a) == 0 && len(b) > 0:
			out[key] = effects.New
		case len(a) > 0 && len(b) == 0:
			out[key] = effects.Gone
		case !maps.Equal(a, b):
			out[key] = effects.Source
		}
	}
	for _, o := range []oracle{before, after} {
		for key := range o.exact {
			compare(key, before.sources(t, key), after.sources(t, key))
		}
		for key := range o.patterns {
			compare(key, before.patterns[key], after.patterns[key])
		}
	}
	return out
}

// reported returns the mappings of an effect in the form of differences.
func reported(t *testing.T, e *effects.Effect) map[string]effects.Change {
	t.Helper()
	out := map[string]effects.Change{}
	for _, d := range e.Destinations {
		if d.Set == "ci-images-mirror" { // no mapping file says so
			continue
		}
		if d.Change != effects.New && d.Change != effects.Gone && d.Change != effects.Source {
			continue
		}
		repository, tag := cut(d.Name)
		key := repository + ":" + tag
		if _, twice := out[key]; twice {
			t.Errorf("%s is reported twice", d.Name)
		}
		out[key] = d.Change
	}
	return out
}

// clone returns a bundle of the real history as a repository, and its commits from
// the oldest to the newest.
func clone(t *testing.T, bundle string) (dir string, commits []string) {
	t.Helper()
	from := filepath.Join(testkit.Corpus(t), bundle)
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("no git: %v", err)
	}
	dir = t.TempDir()
	if out, err := exec.Command("git", "clone", "-q", "-b", "history", from, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command("git", "-C", dir, "log", "--reverse", "--format=%H", "history").Output()
	if err != nil {
		t.Fatal(err)
	}
	return dir, strings.Fields(string(out))
}

func at(t *testing.T, dir, commit string) *release.Tree {
	t.Helper()
	files, err := gitfs.Open(dir, commit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	tree, err := release.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// refused reports whether a mapping file of a tree is refused as a whole.
func refused(e *effects.Effect) bool { return len(e.Broken) > 0 }

// TestReplay compares the effect of real changes with what a comparison of the
// mapping files alone finds: no more and no less.
func TestReplay(t *testing.T) {
	dir, commits := clone(t, "history-2019-2022.bundle")
	const wanted = 300
	step := len(commits) / wanted
	changes, silent, count, broken := 0, 0, map[effects.Change]int{}, 0
	after := at(t, dir, commits[0])
	files := readOracle(t, after.FS)
	for i := step; i < len(commits); i += step {
		before, was := after, files
		after = at(t, dir, commits[i])
		files = readOracle(t, after.FS)
		e := effects.Compare(before, after, effects.Options{ConfigsKnown: true})
		changes++
		if refused(e) {
			broken++
			continue
		}
		want := differences(t, was, files)
		got := reported(t, e)
		check(t, commits[i], want, got)
		if len(want) == 0 {
			silent++
		}
		for _, c := range want {
			count[c]++
		}
	}
	t.Logf("%d changes, %d without another destination, %d with a refused file; destinations: %v", changes, silent, broken, count)
	if changes < wanted || broken > changes/20 || count[effects.New] == 0 || count[effects.Gone] == 0 || count[effects.Source] == 0 {
		t.Error("the history shows too little")
	}
}

func check(t *testing.T, commit string, want, got map[string]effects.Change) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("%.10s: %s: the effect says %q, the mapping files %q", commit, key, got[key], want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if want[key] == "" {
			t.Errorf("%.10s: %s: the effect says %q, the mapping files nothing", commit, key, got[key])
		}
	}
}

// TestMigration replays the changes of the real jobs from a shell loop to an
// entry point. Where the mapping files, the names of the jobs and their schedules
// stay the same, no image is mirrored differently.
func TestMigration(t *testing.T) {
	dir, commits := clone(t, "history-2024-migration.bundle")
	after := at(t, dir, commits[0])
	files := readOracle(t, after.FS)
	same, moved := 0, 0
	for _, commit := range commits[1:] {
		before, was := after, files
		after = at(t, dir, commit)
		files = readOracle(t, after.FS)
		e := effects.Compare(before, after, effects.Options{ConfigsKnown: true})
		if refused(e) {
			continue
		}
		want := differences(t, was, files)
		check(t, commit, want, reported(t, e))
		images := after.Layout.Supplemental()
		if len(want) > 0 || !slices.Equal(schedules(before), schedules(after)) || string(before.Text(images)) != string(after.Text(images)) {
			continue
		}
		same++
		if !e.SameImages() || len(e.Unknown) > 0 {
			t.Errorf("%.10s: %d destinations, first %+v; unknown: %v", commit, len(e.Destinations), e.Destinations[:min(1, len(e.Destinations))], e.Unknown)
		}
		for _, j := range e.Jobs {
			if slices.ContainsFunc(j.Fields, func(f effects.Field) bool {
				return strings.HasSuffix(f.Name, ".command") && strings.Contains(f.After, "entrypoint") && !strings.Contains(f.Before, "entrypoint")
			}) {
				moved++
			}
		}
	}
	t.Logf("%d changes of %d leave images and schedules alone; they move %d jobs to the entry point", same, len(commits)-1, moved)
	if same < 50 || moved < 10 {
		t.Error("the history shows too little")
	}
}

func schedules(t *release.Tree) []string {
	var out []string
	for _, j := range t.Jobs.Jobs {
		out = append(out, j.Name+" "+j.Schedule)
	}
	slices.Sort(out)
	return out
}
