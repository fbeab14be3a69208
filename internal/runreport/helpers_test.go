package runreport

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// realReport is what a run over two registries reports: two sets, images that
// are copied, unchanged, missing, and one whose blob is had only at the second
// try because rate limit: waiting.
func realReport(t testing.TB, mode mirror.Mode) *mirror.Report {
	t.Helper()
	rec := &testkit.Recorder{}
	src, dst := testkit.InProcess(t, rec.Wrap), testkit.InProcess(t, nil)
	for i, path := range []string{"team/app:v1", "team/app:v2", "team/web:v1"} {
		src.Push(t, path, testkit.Image(t, path, testkit.Layer(1, 100_000), testkit.Layer(int64(i+2), 50_000)))
	}
	rec.Fault = func(w http.ResponseWriter, _ *http.Request, class string, n int) bool {
		if class != "GET blob" || n > 0 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	text := strings.NewReplacer("$src", src.Host, "$dst", dst.Host)
	files := []*mapping.File{
		mapping.Parse("sets/team/mapping_team_latest", []byte(text.Replace("$src/team/app:v1 $dst/a/app:v1 $dst/a/app:latest\n$src/team/gone:v1 $dst/a/gone:v1\n"))),
		mapping.Parse("sets/web/mapping_web", []byte(text.Replace("$src/team/web:v1 $dst/b/web:v1\n$src/team/app:v2 $dst/b/app:v2\n"))),
	}
	dst.Push(t, "b/web:v1", testkit.Image(t, "team/web:v1", testkit.Layer(1, 100_000), testkit.Layer(4, 50_000)))
	plan, err := mirror.NewPlan(files, mirror.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var slept atomic.Int64 // whoever would sleep moves the clock instead
	now := func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }
	client := registry.New(registry.Options{Clock: throttle.Clock{Now: now, Sleep: func(_ context.Context, d time.Duration) error {
		slept.Add(int64(d))
		return nil
	}}})
	defer client.Close()
	report, err := mirror.Run(context.Background(), plan, mirror.Options{Client: client, Mode: mode, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return report
}
