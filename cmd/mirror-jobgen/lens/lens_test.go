// Package lens holds the test that Prow shows our JUnit reports as they are meant.
// It is a package of its own because Prow's lenses register themselves, and say
// so, in every program that links them.
package lens

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/prow/pkg/config"
	"sigs.k8s.io/prow/pkg/spyglass/api"
	"sigs.k8s.io/prow/pkg/spyglass/lenses/junit"

	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// artifact is a file as Prow's lenses get it.
type artifact struct {
	api.Artifact
	name string
	data []byte
}

func (a artifact) ReadAll() ([]byte, error) { return a.data, nil }
func (a artifact) CanonicalLink() string    { return a.name }
func (a artifact) JobPath() string          { return a.name }

// Prow's own JUnit lens shows a mirror run as it should: what failed as failed,
// what needed a second try as flaky. This test is here because only the
// generator may link Prow.
func TestJUnitLens(t *testing.T) {
	entry := func(dst string, outcome mirror.Outcome) mirror.Entry {
		return mirror.Entry{File: "mapping_team", Line: 1, Source: "a.io/b:1", Destination: dst, Outcome: outcome, Seconds: 2}
	}
	failed, flaky, skipped := entry("c.io/failed:1", mirror.Failed), entry("c.io/flaky:1", mirror.Copied), entry("c.io/missing:1", mirror.Missing)
	failed.Error = "the registry said <no> & \"never\" \x1b[31m"
	flaky.Retries, flaky.Retried = 2, "503 Service Unavailable"
	report := &mirror.Report{Mode: mirror.ModeRun, Entries: []mirror.Entry{
		failed, flaky, skipped, entry("c.io/passed:1", mirror.Copied), entry("c.io/passed:2", mirror.Unchanged),
	}}
	var b bytes.Buffer
	if err := runreport.JUnit(&b, report); err != nil {
		t.Fatal(err)
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/prow").Output()
	if err != nil {
		t.Fatal(err)
	}
	resources := filepath.Join(strings.TrimSpace(string(dir)), "pkg/spyglass/lenses/junit")
	body := junit.Lens{}.Body([]api.Artifact{artifact{name: "artifacts/junit_mirror.xml", data: b.Bytes()}}, resources, "", nil, config.Spyglass{})
	for _, want := range []string{`1/5 Tests Failed\.`, `1/5 Tests Flaky\.`, `2/5 Tests Passed`, `1/5 Tests Skipped`} {
		if !regexp.MustCompile(want).MatchString(body) {
			t.Errorf("the lens does not say %s", want)
		}
	}
	for _, want := range []string{"mapping_team: c.io/failed:1", "mapping_team: c.io/flaky:1", "the registry said &lt;no&gt; &amp;", "tried again 2 times, first because of: 503"} {
		if !strings.Contains(body, want) {
			t.Errorf("the lens does not show %q", want)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}
