package mirror_test

import (
	"net/http"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// During the transfer of a blob, the monitor names its destination; at the end
// everything is done.
func TestMonitor(t *testing.T) {
	var m mirror.Monitor
	var during mirror.State
	rec := &testkit.Recorder{Fault: func(_ http.ResponseWriter, _ *http.Request, class string, n int) bool {
		if class == "PUT upload" && n == 0 {
			during = m.State()
		}
		return false
	}}
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, rec.Wrap)
	src.Push(t, "a/b:v1", testkit.Image(t, "x", testkit.Layer(1, 5000)))
	report := run(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d", "$src/a/gone:v1 $dst/c/gone"), mirror.Options{Client: client(t), Monitor: &m})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1, mirror.Failed: 1})
	if during.Total != 2 || during.Working < 1 || during.Working > 2 || during.Bytes <= 0 || during.Bytes > report.Moved.BlobBytes || during.Since.Before(report.Started) {
		t.Errorf("during the run: %+v", during)
	}
	last := m.State().Last
	if last.IsZero() {
		t.Error("it is not known when the last image was finished")
	}
	if want := (mirror.State{Total: 2, Done: 2, Failed: 1, Bytes: report.Moved.BlobBytes, Last: last}); m.State() != want {
		t.Errorf("at the end: %+v, want %+v", m.State(), want)
	}
}
