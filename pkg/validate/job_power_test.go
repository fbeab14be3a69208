package validate_test

import (
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Moving a hand-written job into settings adds no power.
func TestPowerOfAHandWrittenJob(t *testing.T) {
	const job = dir + "webshop/_job.yaml"
	before, after := shop(), shop()
	before[jobs] = strings.Replace(before[jobs], "set -o errexit", "sleep 60", 1)
	if before[jobs] == after[jobs] {
		t.Fatal("the script is as it was")
	}
	after[jobs] = before[jobs]
	after[job] = "script: |\n  sleep 60\n"
	for _, f := range since(t, before, after).Findings {
		if f.Rule == "job-power" {
			t.Errorf("%s: %s", f.Pos, f.Message)
		}
	}
}

// Power that a change adds to a job is an error, unless the settings before the
// change allow it. A change cannot allow its own power.
func TestPowerOfAChange(t *testing.T) {
	const job, settings = dir + "webshop/_job.yaml", dir + "_mirror.yaml"
	const script, allow = "script: |\n  oc image mirror -f=/etc/imagemirror/mapping_webshop_latest\n", "allow:\n  webshop: [script]\n"
	for what, test := range map[string]struct {
		before, after map[string]string
		want          source.Severity
		none          bool
	}{
		"not allowed":           {nil, map[string]string{job: script}, source.Error, false},
		"allowed by the change": {nil, map[string]string{job: script, settings: allow}, source.Error, false},
		"allowed before":        {map[string]string{settings: allow}, map[string]string{job: script, settings: allow}, source.Info, false},
		"allowed to another":    {map[string]string{settings: "allow: {billing: [script]}\n"}, map[string]string{job: script}, source.Error, false},
		"there before":          {map[string]string{job: script}, map[string]string{job: script}, source.Error, true},
	} {
		before, after := shop(), shop()
		for name, text := range test.before {
			before[name] = text
		}
		for name, text := range test.after {
			after[name] = text
		}
		found := 0
		for _, f := range since(t, before, after).Findings {
			if f.Rule != "job-power" {
				continue
			}
			if found++; f.Severity != test.want {
				t.Errorf("%s: %s, want %s", what, f.Severity, test.want)
			}
		}
		if test.none != (found == 0) {
			t.Errorf("%s: %d findings", what, found)
		}
	}
}

// Settings with the values of the other sets' jobs add no power: mirror-jobgen
// new writes them if the repository has no defaults.
func TestPowerOfASetLikeTheOthers(t *testing.T) {
	const job = dir + "toolbox/_job.yaml"
	for what, test := range map[string]struct {
		settings string
		want     int
	}{
		"as the others":   {"image: registry.ci.openshift.org/ci/image-mirror:oc-415\ncluster: core-ci\n", 0},
		"another image":   {"image: quay.io/toolbox/shell:latest\n", 1},
		"another cluster": {"cluster: build01\n", 1},
	} {
		before := shop()
		before[jobs] = strings.NewReplacer("registry.ci.openshift.org/ocp/4.9:cli", "registry.ci.openshift.org/ci/image-mirror:oc-415", "cluster: app.ci", "cluster: core-ci").Replace(before[jobs])
		after := files{}
		for name, text := range before {
			after[name] = text
		}
		after[dir+"toolbox/mapping_toolbox"] = "registry.ci.openshift.org/webshop/main:cart quay.io/toolbox/cart:latest\n"
		after[job] = test.settings
		found := 0
		for _, f := range since(t, before, after).Findings {
			if f.Rule == "job-power" {
				found++
			}
		}
		if found != test.want {
			t.Errorf("%s: %d findings, want %d", what, found, test.want)
		}
	}
}
