package mirror_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// The cost of an image is in its entry: the requests of all entries add up to
// those of the run, and a retry is reported with its reason.
func TestEntryCosts(t *testing.T) {
	rec := &testkit.Recorder{Fault: func(w http.ResponseWriter, r *http.Request, class string, n int) bool {
		if class != "GET blob" || n > 0 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}}
	src, dst := testkit.InProcess(t, rec.Wrap), testkit.InProcess(t, nil)
	src.Push(t, "a/b:v1", testkit.Image(t, "x", testkit.Layer(1, 5000)))
	report := run(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d $dst/c/e"), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 2})
	var requests, retries, bytes int64
	var waits, retried []string
	for _, e := range report.Entries {
		requests, retries, bytes = requests+e.Requests, retries+e.Retries, bytes+e.Bytes
		if e.Retried != "" {
			retried = append(retried, e.Retried)
		}
		if e.Size <= 5000 {
			t.Errorf("%s: size %d, want more than its layer", e.Destination, e.Size)
		}
		for _, w := range e.Waits {
			waits = append(waits, w.For+" "+w.On)
		}
	}
	if requests != report.Requests {
		t.Errorf("the entries have %d requests, the run has %d", requests, report.Requests)
	}
	if bytes != report.Moved.BlobBytes {
		t.Errorf("the entries sent %d bytes, the run %d", bytes, report.Moved.BlobBytes)
	}
	if retries != 1 || len(retried) != 1 || !strings.Contains(retried[0], "503") {
		t.Errorf("%d retries for %q, want one for a 503", retries, retried)
	}
	if all := strings.Join(waits, ", "); !strings.Contains(all, "retry "+src.Host) {
		t.Errorf("waits: %s; want a retry at %s", all, src.Host)
	}
	for _, h := range report.Hosts {
		if want := h.Host == src.Host; (len(h.Pauses) == 1) != want {
			t.Errorf("%s was paused %d times", h.Host, len(h.Pauses))
		}
	}
}
