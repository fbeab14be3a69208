package release

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func report(problems []source.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.Error())
		if p.Hint != "" {
			b.WriteString(" (" + p.Hint + ")")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestJobSettingsProblems(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"only a comment", "# nothing yet\n", ""},
		{"all is well", "area: x\ncron: '@every 20m'\nslack:\n  channel: '#a'\n  states: []\n", ""},
		{"unknown key", "area: x\nsecretKey: y\n", "_job.yaml:2:1: unknown setting \"secretKey\" (did you mean secret_key?)\n"},
		{"unknown key of slack", "slack:\n  chanel: y\n", "_job.yaml:2:3: unknown setting \"chanel\" (did you mean channel?)\n"},
		{"key given twice", "area: x\narea: y\n", "_job.yaml:2:1: area is given twice (first on line 1) (remove one of them)\n"},
		{"wrong kind", "attempts: often\nenv: [a]\nkeep_manifest_list: 1\n", "_job.yaml:1:11: attempts must be a whole number\n_job.yaml:2:6: env must be a mapping (key: value)\n_job.yaml:3:21: keep_manifest_list must be true or false\n"},
		{"a choice", "runner: skopeo\n", "_job.yaml:1:9: runner: unknown value \"skopeo\" (use oc, entrypoint, mirror)\n"},
		{"what is overwritten", "overwrite: sometimes\nprotected: warn\nimmutable: ['*:v*']\nbackup: '{{.Tag}}-x'\n", "_job.yaml:1:12: overwrite: unknown value \"sometimes\" (use always, changed-by-us, never)\n"},
		{"what is immutable", "immutable: ['*:v*', 'v1']\nbackup: '{{.Tag'\n", "_job.yaml:1:12: the pattern \"v1\" has no tag: write REPOSITORY:TAG, such as *:v[0-9]*\n_job.yaml:2:9: backup: the template cannot be read: 1: unclosed action (write it like \"{{.Tag}}-previous\")\n"},
		{"no value", "area:\n", "_job.yaml:1:6: area has no value (remove the line, or give it one)\n"},
		{"cron and interval", "cron: '@daily'\ninterval: 4h\n", "_job.yaml:2:11: cron and interval exclude each other (remove one of them)\n"},
		{"no duration", "timeout: long\n", "_job.yaml:1:10: timeout is not a duration: \"long\" (write it like 90m or 4h)\n"},
		{"script and its parts", "script: echo\nattempts: 3\n", "_job.yaml:2:11: attempts has no effect beside script (remove one of them)\n"},
		{"out of range", "shards: 0\nverbosity: 11\n", "_job.yaml:1:9: shards must be between 1 and 100\n_job.yaml:2:12: verbosity must be between 0 and 10\n"},
		{"alias", "env: &e\n  A: b\npatch: *e\n", "_job.yaml:3:8: patch: YAML aliases are not supported here (write the value out)\n"},
		{"twice in a patch", "patch:\n  spec:\n    a: 1\n    a: 2\n", "_job.yaml:4:5: a is given twice (first on line 3) (remove one of them)\n"},
		{"a number as a key of a patch", "patch:\n  labels:\n    1: a\n", "_job.yaml:3:5: patch: the key 1 is not a string (put it in quotes)\n"},
		{"no mapping", "- area\n", "_job.yaml:1:1: the file must be a mapping (key: value)\n"},
		{"two documents", "area: x\n---\narea: y\n", "_job.yaml:2:1: a second YAML document begins here: only the first one of the file is read (move what it holds up into the first one, or delete it)\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := ParseJobSettings("_job.yaml", []byte(test.text))
			if got := report(problems); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestBrokenYAMLIsAProblem(t *testing.T) {
	for _, text := range []string{"area: [", "\x00", "a: b: c", "\xff\xfea\x00", "\t- x"} {
		s, problems := ParseJobSettings("_job.yaml", []byte(text))
		if s == nil || len(problems) != 1 || problems[0].Pos.File != "_job.yaml" {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

func TestWhatIsRightIsKept(t *testing.T) {
	s, problems := ParseJobSettings("_job.yaml", []byte("area: x\nbogus: 1\nattempts: many\nregistry_login: true\n"))
	if len(problems) != 2 || s.Area != "x" || s.RegistryLogin != LoginUsed || s.Attempts != 0 {
		t.Errorf("%v %+v", problems, s)
	}
	if got := s.At("registry_login").String(); got != "_job.yaml:4:17" {
		t.Errorf("position %s", got)
	}
	if diff := cmp.Diff([]string{"area", "registry_login"}, s.Keys()); diff != "" {
		t.Error(diff)
	}
}

func TestJobSettingsRoundTrip(t *testing.T) {
	const text = `prefix: origin
secret: push
registry_login: true
timeout: 6h
slack:
    channel: '#x'
    states: []
attempts: 3
patch:
    labels:
        role: infra
`
	s, problems := ParseJobSettings("_job.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	out, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(out)); diff != "" {
		t.Error(diff)
	}
}

func TestSettings(t *testing.T) {
	s, problems := ParseSettings(DefaultLayout(), []byte(`
namespace: other
severity: {mapping-name: off, set-owners: warning}
overrides:
- paths: [core-services/image-mirroring/old/**]
  severity: {set-owners: info, mapping-name: error}
defaults: {cluster: app.ci}
jobs:
- name: periodic-x
  secret: y
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if s.Namespace != "other" || s.JobsFile != "ci-operator/jobs/infra-image-mirroring.yaml" || s.ConfigMap != "image-mirror-mappings" || s.Defaults.Cluster != "app.ci" || s.Jobs[0].Secret != "y" {
		t.Errorf("%+v", s)
	}
	for _, test := range []struct {
		rule, file string
		want       source.Severity
		on         bool
	}{
		{"mapping-name", "a", source.Error, false},
		{"set-owners", "a", source.Warning, true},
		{"set-job", "a", source.Error, true},
		{"set-owners", "core-services/image-mirroring/old/x/y", source.Info, true},
		{"mapping-name", "core-services/image-mirroring/old/x", source.Error, true},
	} {
		if got, on := s.SeverityOf(test.rule, test.file, source.Error); got != test.want && on || on != test.on {
			t.Errorf("%s in %s: %v %v", test.rule, test.file, got, on)
		}
	}
}

func TestSettingsProblems(t *testing.T) {
	_, problems := ParseSettings(DefaultLayout(), []byte(`mount_path: here
partitions: 2000000000
config_map_limit: 0
severity: {set-job: fatal}
overrides:
- severity: {set-job: info}
- paths: ["[a"]
defaults: {prefix: x}
jobs:
- area: x
`))
	const want = `core-services/image-mirroring/_mirror.yaml:1:13: mount_path "here" is not an absolute path of letters, digits, '-', '.' and '_' (write it like /etc/imagemirror)
core-services/image-mirroring/_mirror.yaml:2:13: partitions must be between 0 and 256
core-services/image-mirroring/_mirror.yaml:3:19: config_map_limit must be a number of bytes
core-services/image-mirroring/_mirror.yaml:4:21: severity.set-job: unknown value "fatal" (use error, warning, info, off)
core-services/image-mirroring/_mirror.yaml:6:3: an override without paths (add paths: ["core-services/image-mirroring/NAME/**"])
core-services/image-mirroring/_mirror.yaml:7:10: not a valid pattern: [a
core-services/image-mirroring/_mirror.yaml:8:20: prefix cannot be the same for all jobs (set it in the _job.yaml of each set)
core-services/image-mirroring/_mirror.yaml:10:3: a job without a set needs a name (add name: periodic-image-mirroring-…)
`
	if got := report(problems); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestOver(t *testing.T) {
	yes, no := true, false
	base := JobSettings{Cron: "@daily", Cluster: "a", Attempts: 3, Trace: &yes, Env: Values{"A": nil}, Patch: map[string]any{"a": 1}}
	own := JobSettings{Interval: "4h", Trace: &no, Secret: "s"}
	got := own.Over(base)
	if got.Cron != "" || got.Interval != "4h" || got.Cluster != "a" || got.Attempts != 3 || *got.Trace || got.Secret != "s" || got.Env != nil || got.Patch != nil {
		t.Errorf("%+v", got)
	}
	if got := (JobSettings{Cron: "@hourly"}).Over(JobSettings{Interval: "1h"}); got.Interval != "" || got.Cron != "@hourly" {
		t.Errorf("%+v", got)
	}
}

// FuzzSettings reads any text as settings: it does not panic, every problem has
// a position, and printed settings are read back unchanged.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		"", "prefix: x\n", "patch: {a: [1, {b: null}]}\n", "slack: {states: []}\n", "env: {A: 1}\nregistry_login: unused\n",
		"severity: {a: off}\noverrides: [{paths: ['**']}]\njobs: [{name: x}]\n", "a: &a [*a]\n", "? [x]\n: y\n", "patch: {<<: {a: 1}}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, problems := ParseJobSettings("f", text)
		_, more := ParseSettings(DefaultLayout(), text)
		for _, p := range append(problems, more...) {
			if p.Pos.File == "" || p.Message == "" {
				t.Errorf("a problem without a place or a text: %+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		out, err := yaml.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, problems := ParseJobSettings("f", out)
		if len(problems) > 0 {
			t.Fatalf("%s is read with %v", out, problems)
		}
		if diff := cmp.Diff(s, again, cmpopts.IgnoreTypes(positions{}), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}
