package mirror_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// One source with many destinations: after the end of the run, no further
// destination is started.
func TestDrainStartsNoTarget(t *testing.T) {
	const targets, looked = 40, 10
	gate, drain := make(chan struct{}), make(chan struct{})
	waiting := make(chan struct{}, targets)
	var log testkit.Recorder
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, log.Wrap)
	log.Fault = func(_ http.ResponseWriter, _ *http.Request, class string, n int) bool {
		if class == "HEAD manifest" && n >= looked {
			waiting <- struct{}{}
			<-gate
		}
		return false
	}
	src.Push(t, "a/b:1", testkit.Image(t, "x", testkit.Layer(1, 1000)))
	line := "$src/a/b:1"
	for i := range targets {
		line += fmt.Sprintf(" $dst/c/d%d:1", i)
	}
	go func() {
		<-waiting
		close(drain)
		close(gate)
	}()
	report := run(t, plan(t, src, dst, line), mirror.Options{Client: client(t), Drain: drain})
	if copied, not := report.Summary[mirror.Copied], report.Summary[mirror.Interrupted]; copied > looked || copied+not != targets {
		t.Errorf("%v: at most %d were begun", report.Summary, looked)
	}
	for i, e := range report.Entries {
		if e.Outcome == mirror.Interrupted && dst.Digest(fmt.Sprintf("c/d%d:1", i)) != "" {
			t.Errorf("%s was written", e.Destination)
		}
	}
	if report.OK() {
		t.Error("the report says that all is well")
	}
}
