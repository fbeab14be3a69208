package jobgen

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	prow "sigs.k8s.io/prow/pkg/config"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// TestMergePatch has the examples of RFC 7386, appendix A.
func TestMergePatch(t *testing.T) {
	for _, test := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		var v [3]object
		for i := range v {
			var err error
			if v[i], err = parseObject([]byte(test[i])); err != nil {
				t.Fatal(err)
			}
		}
		before := cloneObject(v[0])
		if got := mergePatch(v[0], v[1]); !reflect.DeepEqual(got, v[2]) {
			t.Errorf("%s with %s gives %v", test[0], test[1], got)
		}
		if !reflect.DeepEqual(before, v[0]) {
			t.Errorf("%s was changed", test[0])
		}
		// The difference brings one to the other, unless a null prevents it.
		if patch := diffPatch(v[0], v[2]); !reflect.DeepEqual(mergePatch(v[0], orEmpty(patch)), v[2]) {
			t.Errorf("the difference from %s to %s is %v", test[0], test[2], patch)
		}
	}
	if p := diffPatch(object{"a": 1.0}, object{"a": 1.0}); p != nil {
		t.Errorf("equal mappings differ by %v", p)
	}
}

func orEmpty(o object) object {
	if o == nil {
		return object{}
	}
	return o
}

func TestPresubmitsLoad(t *testing.T) {
	text, err := Presubmits(mustLoad(t, files("-- core-services/image-mirroring/OWNERS --\n")), PresubmitOptions{Repository: "openshift/release", Branch: "master", Image: "x", Cluster: "app.ci"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Load(text, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config, jobs := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "jobs.yaml")
	for name, data := range map[string][]byte{config: []byte(prowConfig), jobs: text} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := prow.LoadStrict(config, jobs, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string]map[string]bool{
		"core-services/image-mirroring/team/mapping_x":      {"mirror-lint": true, "mirror-check-jobs": true, "mirror-diff": true},
		"ci-operator/config/a/b/a-b-main.yaml":              {"mirror-lint": true, "mirror-diff": true},
		"core-services/release-controller/_releases/a.json": {"mirror-lint": true, "mirror-diff": true},
		"clusters/app.ci/registry-access/a/admin.yaml":      {"mirror-lint": true},
		"core-services/various_rbac/a.yaml":                 {"mirror-lint": true},
		"core-services/ci-secret-bootstrap/_config.yaml":    {"mirror-lint": true, "mirror-check-jobs": true, "mirror-diff": true},
		"clusters/build02/a.yaml":                           {},
		"README.md":                                         {},
	}
	for _, job := range c.PresubmitsStatic["openshift/release"] {
		for file, want := range runs {
			name := strings.TrimPrefix(job.Name, "pull-ci-openshift-release-master-")
			if got := job.RunsAgainstChanges([]string{file}); got != want[name] {
				t.Errorf("%s runs for %s: %v", name, file, got)
			}
		}
		if !job.TriggerMatches(job.RerunCommand) {
			t.Errorf("%s is not triggered by %q", job.Name, job.RerunCommand)
		}
		if diff := strings.HasSuffix(job.Name, "-mirror-diff"); job.Optional != diff || strings.HasSuffix(job.Spec.Containers[0].Args[1], " || true") != diff {
			t.Errorf("%s: optional %v, %q", job.Name, job.Optional, job.Spec.Containers[0].Args)
		}
	}
}

// TestImportTellsWhatIsLost imports jobs with comments and a field that Prow
// does not know, in a style of its own.
func TestImportTellsWhatIsLost(t *testing.T) {
	tree := mustLoad(t, files(`
-- core-services/image-mirroring/team/mapping_team --
a.io/b/c:d quay.io/team/c:d
-- ci-operator/jobs/infra-image-mirroring.yaml --
# Kept.
periodics:
  # Lost.
  - name: periodic-image-mirroring-team
    agent: kubernetes
    skip_cloning: true
    interval: 1h # lost too
    spec: {containers: [{image: x}]}
`))
	im, err := Import(tree)
	if err != nil {
		t.Fatal(err)
	}
	var notes strings.Builder
	for _, n := range im.Notes {
		fmt.Fprintln(&notes, n.Error())
	}
	for _, want := range []string{"does not have the style of generated files", "generating the file drops this comment: # Lost.", "generating the file drops this comment: # lost too",
		"Prow does not know the field skip_cloning"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("%q is missing:\n%s", want, notes.String())
		}
	}
	if strings.Contains(notes.String(), "Kept") || im.Exact {
		t.Errorf("exact %v, notes:\n%s", im.Exact, notes.String())
	}
}

func TestImportRefuses(t *testing.T) {
	for name, test := range map[string]struct{ tree, want string }{
		"no jobs":   {"-- core-services/image-mirroring/a/mapping_a --\n", "there is no jobs file to import"},
		"set's own": {"-- core-services/image-mirroring/a/_job.yaml --\nsecret: x\n-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics: []\n", "a/_job.yaml: this set already has settings"},
		"defaults":  {"-- core-services/image-mirroring/_mirror.yaml --\ndefaults: {cluster: x}\n-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics: []\n", "_mirror.yaml:1:11: defaults is already set"},
		"allow": {"-- core-services/image-mirroring/_mirror.yaml --\nallow: {b: [secret]}\n-- core-services/image-mirroring/a/mapping_a --\n-- core-services/image-mirroring/c/mapping_c --\n" +
			"-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics:\n" + pushJob("a", "s") + pushJob("c", "s"),
			"_mirror.yaml:1:8: allow does not let the job of c read the secret s of the set a"},
		"null value": {"-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics:\n- null\n", "a periodic is a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Import(mustLoad(t, files(test.tree))); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// pushJob is the job of a set that pushes with a secret.
func pushJob(set, secret string) string {
	return fmt.Sprintf(`- name: periodic-image-mirroring-%[1]s
  agent: kubernetes
  interval: 1h
  spec:
    containers:
    - image: x
      args: ["run", "-f=/etc/imagemirror/mapping_%[1]s*"]
      volumeMounts: [{name: config, mountPath: /etc/imagemirror}]
    volumes:
    - {name: push, secret: {secretName: %[2]s}}
    - {name: config, configMap: {name: image-mirror-mappings}}
`, set, secret)
}

// TestImportAllowsSharedSecrets imports jobs that push with the secret of another
// set: import allows what the jobs do, and generate gives it to no other set.
func TestImportAllowsSharedSecrets(t *testing.T) {
	for name, test := range map[string]struct {
		secrets map[string]string // by set
		want    string
	}{
		"one":     {map[string]string{"a": "sa", "b": "sb", "c": "sa", "d": "sd"}, "allow:\n  c: [secret]\n"},
		"most":    {map[string]string{"a": "s", "b": "s", "c": "s", "d": "sd"}, "allow:\n  b: [secret]\n  c: [secret]\n"},
		"all":     {map[string]string{"a": "s", "b": "s", "c": "s", "d": "s"}, "allow:\n  '*': [secret]\n"},
		"by name": {map[string]string{"a": "registry-push-credentials-quay-io-b", "b": "registry-push-credentials-quay-io-b"}, "allow:\n  a: [secret]\n"},
		"none":    {map[string]string{"a": "sa", "b": "sb"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{}
			jobs := "periodics:\n"
			for _, set := range slices.Sorted(maps.Keys(test.secrets)) {
				jobs += pushJob(set, test.secrets[set])
				tree["core-services/image-mirroring/"+set+"/mapping_"+set] = &fstest.MapFile{Data: []byte("a.io/b/c:d e.io/f/" + set + ":h\n")}
			}
			tree["ci-operator/jobs/infra-image-mirroring.yaml"] = &fstest.MapFile{Data: []byte(jobs)}
			im, err := Import(mustLoad(t, tree))
			if err != nil {
				t.Fatal(err)
			}
			var settings string
			for _, f := range im.Files {
				tree[f.Path] = &fstest.MapFile{Data: f.New}
				if strings.HasSuffix(f.Path, "/_mirror.yaml") {
					settings = string(f.New)
				}
			}
			if got := strings.Contains(settings, "allow:"); got != (test.want != "") || !strings.Contains(settings, test.want) {
				t.Errorf("want %q:\n%s", test.want, settings)
			}
			tree["core-services/image-mirroring/e/mapping_e"] = &fstest.MapFile{Data: []byte("a.io/b/c:d e.io/f/e:h\n")}
			tree["core-services/image-mirroring/e/_job.yaml"] = &fstest.MapFile{Data: []byte("secret: " + test.secrets["b"] + "\n")}
			_, err = Generate(mustLoad(t, tree), Options{})
			if refused := err != nil && strings.Contains(err.Error(), "the job of e must not read it"); refused == strings.Contains(test.want, "*") {
				t.Errorf("a new set with the same secret: %v", err)
			}
		})
	}
}

// TestPartitionOf compares the choice of a partition with config-updater's: the
// first byte of the SHA-256 of the key.
func TestPartitionOf(t *testing.T) {
	if a, b := partitionOf("mapping_a", 256), partitionOf("mapping_b", 256); a != 0xa8 || b != 0x33 {
		t.Errorf("%#x, %#x", a, b)
	}
	sizes := make([]int, 4)
	for i := range 4000 {
		sizes[partitionOf(fmt.Sprintf("mapping_%d", i), 4)]++
	}
	for i, n := range sizes {
		if n < 800 || n > 1200 {
			t.Errorf("partition %d has %d of 4000 keys", i, n)
		}
	}
}

// TestPartitionedJobsAreSeen generates jobs whose mappings come from several
// ConfigMaps: they are still known as jobs that mirror.
func TestPartitionedJobsAreSeen(t *testing.T) {
	tree := manySets(1)
	tree["core-services/image-mirroring/_mirror.yaml"] = &fstest.MapFile{Data: []byte("partitions: 2\n")}
	out, err := Generate(mustLoad(t, tree), Options{})
	if err != nil {
		t.Fatal(err)
	}
	tree["ci-operator/jobs/infra-image-mirroring.yaml"] = &fstest.MapFile{Data: out.Jobs.New}
	job := mustLoad(t, tree).Jobs.Jobs[0]
	if !job.Mirrors || len(job.Mappings.Globs) != 1 || job.Mappings.Globs[0].Pattern != "mapping_set0000*" {
		t.Errorf("mirrors %v, globs %v", job.Mirrors, job.Mappings.Globs)
	}
}

// manySets is a tree of n generated sets.
func manySets(n int) fstest.MapFS {
	tree := fstest.MapFS{}
	for i := range n {
		dir := fmt.Sprintf("%s/set%04d", "core-services/image-mirroring", i)
		tree[dir+"/_job.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "secret: s%04d\nattempts: 3\n", i)}
		for k := range 5 {
			tree[fmt.Sprintf("%s/mapping_set%04d_%d", dir, i, k)] = &fstest.MapFile{Data: bytes.Repeat([]byte("a.io/b/c:d e.io/f/g:h\n"), 20)}
		}
	}
	return tree
}

// TestGenerateIsLinear makes the jobs of 100 and of 1,000 sets: ten times the
// sets may take thirty times the processor's time, a hundred times would be
// quadratic.
func TestGenerateIsLinear(t *testing.T) {
	took := func(n int) time.Duration {
		tree := mustLoad(t, manySets(n))
		best := time.Hour
		for range 3 {
			start := testkit.CPUTime(t)
			if _, err := Generate(tree, Options{}); err != nil {
				t.Fatal(err)
			}
			best = min(best, testkit.CPUTime(t)-start)
		}
		return best
	}
	small, large := took(100), took(1000)
	t.Logf("100 sets: %v, 1,000 sets: %v", small, large)
	if large > 30*small {
		t.Errorf("1,000 sets take %.0f times as long as 100", float64(large)/float64(small))
	}
}

// BenchmarkGenerate makes the jobs of 30 and of 1,000 sets, with Prow's loader
// and without. The metric "growth" is the time for each of the 1,000 against
// that for each of the 30: about 1 when the time grows with the sets alone.
func BenchmarkGenerate(b *testing.B) {
	perSet := map[bool]float64{}
	for _, n := range []int{30, 1000} {
		tree := mustLoad(b, manySets(n))
		for _, load := range []bool{false, true} {
			b.Run(fmt.Sprintf("sets=%d/load=%v", n, load), func(b *testing.B) {
				for b.Loop() {
					out, err := Generate(tree, Options{})
					if err != nil {
						b.Fatal(err)
					}
					if load {
						if err := Load(out.Jobs.New, b.TempDir()); err != nil {
							b.Fatal(err)
						}
					}
				}
				each := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(n)
				if n == 30 {
					perSet[load] = each
				} else if perSet[load] > 0 {
					b.ReportMetric(each/perSet[load], "growth")
				}
			})
		}
	}
}

// TestLoadRefuses shows that Prow's loader, with the configuration that we give
// it, finds what it is there for.
func TestLoadRefuses(t *testing.T) {
	tree := mustLoad(t, fstest.MapFS{
		"core-services/image-mirroring/team/mapping_team": {Data: []byte("a.io/a/b:c quay.io/team/b:c\n")},
		"core-services/image-mirroring/team/_job.yaml":    {Data: []byte("secret: s\n")},
	})
	out, err := Generate(tree, Options{})
	if err != nil {
		t.Fatal(err)
	}
	good := string(out.Jobs.New)
	if err := Load([]byte(good), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	list := good[strings.Index(good, "- agent"):]
	for name, bad := range map[string]string{
		"reserved environment": strings.Replace(good, "name: HOME", "name: BUILD_ID", 1),
		"no such volume":       strings.Replace(good, "configMap:\n        name: image-mirror-mappings\n      name: config", "configMap:\n        name: image-mirror-mappings\n      name: other", 1),
		"a bad schedule":       strings.Replace(good, "'@hourly'", "'@often'", 1),
		"two schedules":        strings.Replace(good, "cron: '@hourly'", "cron: '@hourly'\n  interval: 1h", 1),
		"a bad label":          strings.Replace(good, "ci.openshift.io/area: team", "ci.openshift.io/area: 'te am'", 1),
		"a field unknown":      strings.Replace(good, "decorate: true", "decorated: true", 1),
		"one name twice":       good + list,
		"a bad timeout":        strings.Replace(good, "decorate: true", "decorate: true\n  decoration_config: {timeout: soon}", 1),
		"a bad state":          strings.Replace(good, "decorate: true", "decorate: true\n  reporter_config: {slack: {job_states_to_report: 3}}", 1),
	} {
		if bad == good {
			t.Errorf("%s: the test changes nothing", name)
		}
		if err := Load([]byte(bad), t.TempDir()); err == nil {
			t.Errorf("%s: Prow takes it", name)
		}
	}
}
