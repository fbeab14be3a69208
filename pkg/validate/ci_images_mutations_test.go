package validate_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/internal/overlay"
	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// TestCIImagesMutations makes random typing errors in a configuration of
// ci-images-mirror. The rule reports every error that changes which images are
// copied or where, unless its source does not exist, which a run reports.
func TestCIImagesMutations(t *testing.T) {
	text, configs := mutationSubject()
	if before := ciImagesFindings(t, text, configs); len(before) > 0 {
		t.Fatalf("the configuration has findings before it is changed: %v", slices.Collect(maps.Keys(before)))
	}
	mutateCIImages(t, text, configs, 300)
}

// TestCIImagesMutationsOfARealFile does the same with the file of a real tree
// and the configs that name one of its streams.
func TestCIImagesMutationsOfARealFile(t *testing.T) {
	tree := os.DirFS(testkit.CorpusTree(t, "release-2024-05.tar.gz"))
	text, err := fs.ReadFile(tree, ciImagesFile)
	if err != nil {
		t.Fatal(err)
	}
	// Each reads a part of the tree, which takes time under the race detector.
	mutateCIImages(t, string(text), aboutStreams(t, tree, string(text)), 60)
}

const ciImagesFile = "core-services/image-mirroring/_config.yaml"

// aboutStreams copies the part of a tree that the rule needs for some entries:
// a config for each tag that configs build from, and the configs that may push
// one.
func aboutStreams(t *testing.T, tree fs.FS, text string) fs.FS {
	t.Helper()
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^  [^ /]+/([^ :]+):`).FindAllStringSubmatch(text, -1) {
		names = append(names, regexp.QuoteMeta(m[1]))
	}
	stream := "(?:" + strings.Join(names, "|") + ")"
	used := regexp.MustCompile(`name: ` + stream + `\s+namespace: \S+\s+tag: \S+`)
	pushed := regexp.MustCompile(`(?m)\bto: ` + stream + `$`)
	dir := t.TempDir()
	seen := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		config := strings.HasPrefix(name, "ci-operator/config/")
		if err != nil || d.IsDir() || !config && !strings.HasPrefix(name, "core-services/image-mirroring/") {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		wanted := !config || pushed.Match(data)
		for _, tag := range used.FindAllString(string(data), -1) {
			wanted = wanted || !seen[tag]
			seen[tag] = true
		}
		if err != nil || !wanted {
			return err
		}
		copied := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(copied), 0o750); err != nil {
			return err
		}
		return os.WriteFile(copied, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}

// mutateCIImages makes changes of one text, one at a time, and checks that the
// rule reports each relevant one with a new finding.
func mutateCIImages(t *testing.T, text string, configs fs.FS, changes int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	before := ciImagesFindings(t, text, configs)
	was := release.ParseCIImages("f", []byte(text))
	outcome := map[string]int{}
	for n := range changes {
		kind := mutations[n%len(mutations)]
		changed := kind.change(rng, text)
		found := ciImagesFindings(t, changed, configs)
		maps.DeleteFunc(found, func(message string, _ bool) bool { return before[message] })
		switch lost, missing := effect(was, release.ParseCIImages("f", []byte(changed))); {
		case len(found) > 0:
			outcome[kind.name+": told by the rule"]++
		case len(missing) > 0:
			outcome[kind.name+": the source is not there"]++
		case len(lost) == 0:
			outcome[kind.name+": nothing changes"]++
		default:
			t.Errorf("%s: passes unnoticed, and these are no longer copied: %v\n%s", kind.name, lost, firstChange(text, changed))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(outcome)) {
		t.Logf("%3d %s", outcome[what], what)
	}
}

// effect returns the copies that a change removes and the sources that it adds.
func effect(was, is *release.CIImages) (lost, missing []string) {
	sources, pairs := map[string]bool{}, map[string]bool{}
	file, _ := was.File()
	after, _ := is.File()
	for p := range after.Pairs() {
		pairs[p.Source.Canonical()+" "+p.Destination.Canonical()] = true
	}
	for p := range file.Pairs() {
		sources[p.Source.Canonical()] = true
		if pair := p.Source.Canonical() + " " + p.Destination.Canonical(); !pairs[pair] {
			lost = append(lost, pair)
		}
	}
	for p := range after.Pairs() {
		if !sources[p.Source.Canonical()] {
			missing = append(missing, p.Source.Canonical())
		}
	}
	return lost, missing
}

func firstChange(a, b string) string {
	was, is := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			return fmt.Sprintf("line %d: %q became %q", i+1, was[i], is[i])
		}
	}
	return "lines were added or removed at the end"
}

func ciImagesFindings(t *testing.T, text string, configs fs.FS) map[string]bool {
	t.Helper()
	tree, err := release.Load(overlay.FS{Base: configs, Files: map[string][]byte{"core-services/image-mirroring/_config.yaml": []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := validate.Lookup("ci-images")
	found := map[string]bool{}
	for _, f := range validate.Run(tree, rule).Findings {
		found[f.Message] = true
	}
	return found
}

// mutationSubject returns a configuration with 290 entries, and configs that
// build from the entries whose name or tag differs from the source's.
func mutationSubject() (string, fstest.MapFS) {
	words := []string{"builder", "runner", "console", "gateway", "collector", "scanner", "operator", "webhook", "installer", "notifier"}
	var b, bases strings.Builder
	b.WriteString("supplementalCIImages:\n")
	for n := range 290 {
		namespace := []string{"ci", "coreos", "stackrox"}[n%3]
		name := words[n/3%10] + "-" + words[n/30]
		tag := []string{"latest", fmt.Sprintf("v1.%d.0", n), fmt.Sprintf("release-%d", n)}[n/3%3]
		host := []string{"quay.io/acme", "quay.io/" + namespace, "gcr.io/acme-prod", "registry.example.com/ubi"}[n%4]
		image, from := name, tag
		switch n % 7 {
		case 5:
			image = "upstream"
		case 6:
			from = "stable"
		}
		if n%7 >= 5 {
			fmt.Fprintf(&bases, "  base%d:\n    name: %s\n    namespace: %s\n    tag: %s\n", n, name, namespace, tag)
		}
		fmt.Fprintf(&b, "  %s/%s:%s:\n    image: %s/%s:%s\n", namespace, name, tag, host, image, from)
	}
	b.WriteString("ignoredSources:\n- image: quay.io/acme/builder-builder:latest\n  reason: broken\n")
	config := "base_images:\n" + bases.String() + "images:\n- to: other\npromotion:\n  namespace: lab\n  name: v1\n"
	return b.String(), fstest.MapFS{
		"ci-operator/config/acme/x/acme-x-main.yaml": {Data: []byte(config)},
		"core-services/image-mirroring/team/OWNERS":  {Data: []byte("approvers: [a]\n")},
	}
}

type mutation struct {
	name   string
	change func(rng *rand.Rand, text string) string
}

// mutations are common typing errors.
var mutations = []mutation{
	{"a key twice", func(rng *rand.Rand, text string) string {
		lines := strings.Split(text, "\n")
		from, to := entry(rng, lines), entry(rng, lines)
		return strings.Join(slices.Insert(slices.Clone(lines), to, lines[from], "    image: quay.io/acme/else:v1"), "\n")
	}},
	{"a letter", func(rng *rand.Rand, text string) string {
		bytes := []byte(text)
		for {
			i := rng.IntN(len(bytes))
			if c := bytes[i]; 'a' <= c && c <= 'z' {
				bytes[i] = 'a' + (c-'a'+1+byte(rng.IntN(25)))%26
				return string(bytes)
			}
		}
	}},
	{"a registry", func(rng *rand.Rand, text string) string {
		lines := strings.Split(text, "\n")
		i := entry(rng, lines) + 1
		host := []string{"docker.io", "quay.o", "registry.svc.ci.openshift.org", "mirror.example.com"}[rng.IntN(4)]
		lines[i] = regexp.MustCompile(`image: [^/]+/`).ReplaceAllString(lines[i], "image: "+host+"/")
		return strings.Join(lines, "\n")
	}},
	{"a tag", func(rng *rand.Rand, text string) string {
		lines := strings.Split(text, "\n")
		i := entry(rng, lines) + rng.IntN(2)
		colon := strings.LastIndexByte(strings.TrimSuffix(lines[i], ":"), ':')
		tag := regexp.MustCompile(`[0-9]+|[a-z]+`).ReplaceAllStringFunc(lines[i][colon:], func(s string) string {
			if '0' <= s[0] && s[0] <= '9' {
				return fmt.Sprint(rng.IntN(400))
			}
			return s
		})
		lines[i] = lines[i][:colon] + tag
		return strings.Join(lines, "\n")
	}},
	{"an indentation", func(rng *rand.Rand, text string) string {
		lines := strings.Split(text, "\n")
		i := 1 + rng.IntN(len(lines)-2)
		if rng.IntN(2) == 0 {
			lines[i] = strings.TrimPrefix(lines[i], " ")
		} else {
			lines[i] = strings.Repeat(" ", 1+rng.IntN(2)) + lines[i]
		}
		return strings.Join(lines, "\n")
	}},
	{"an unknown key", func(rng *rand.Rand, text string) string {
		lines := strings.Split(text, "\n")
		i := entry(rng, lines)
		if rng.IntN(2) == 0 {
			lines[i+1] = strings.Replace(lines[i+1], "image:", "images:", 1)
		} else {
			lines = slices.Insert(lines, i+1, "    mirror: "+path.Base(lines[i]))
		}
		return strings.Join(lines, "\n")
	}},
}

// entry returns the index of the line of some entry's key.
func entry(rng *rand.Rand, lines []string) int {
	for {
		if i := rng.IntN(len(lines)); strings.HasPrefix(lines[i], "  ") && strings.HasSuffix(lines[i], ":") {
			return i
		}
	}
}
