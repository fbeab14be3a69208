package mirror_test

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// A first copy within one registry mounts every blob and sends none, as the
// plan predicts.
func TestOneHost(t *testing.T) {
	at := testkit.Distribution(t, false)
	const images = 6
	var lines []string
	for i := range images {
		at.Push(t, fmt.Sprintf("ci/stream:i%d", i), testkit.Image(t, fmt.Sprint(i), testkit.Layer(1, 300_000), testkit.Layer(int64(10+i), 5000)))
		lines = append(lines, fmt.Sprintf("$src/ci/stream:i%d $dst/org/i%d:a", i, i))
	}
	fresh := func() *registry.Client {
		c := client(t)
		// The first HEAD may be for a source or a missing destination; the
		// latter costs a GET.
		if _, err := c.Resolve(t.Context(), registry.Repository{Host: at.Host, Path: "ci/stream"}, "i0"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	planned := run(t, plan(t, at, at, lines...), mirror.Options{Client: fresh(), Mode: mirror.ModePlan})
	done := run(t, plan(t, at, at, lines...), mirror.Options{Client: fresh()})
	wantSummary(t, done, map[mirror.Outcome]int{mirror.Copied: images})
	if m := planned.Moved; m.Blobs != 0 || m.BlobBytes != 0 || m.Mounts != 3*images || m.MountedBytes < images*305_000 {
		t.Errorf("the plan: %+v, want 0 bytes and %d mounts", m, 3*images)
	}
	// One GET finds out whether HEAD can be trusted, unless a source is
	// answered before the first destination. It may be in either of the two
	// runs.
	probes := func(r *mirror.Report) int64 { return counts(r, at.Host)["GET manifest"] - images }
	if planned.Moved != done.Moved || planned.Expected-probes(planned) != done.Requests-probes(done) || max(probes(planned), probes(done)) > 1 {
		t.Errorf("the plan: %+v and %d requests, the run: %+v and %d:\n%v\n%v", planned.Moved, planned.Expected, done.Moved, done.Requests,
			counts(planned, at.Host), counts(done, at.Host))
	}
	if got := counts(done, at.Host); got["GET blob"] != 0 || got["POST mount"] != 3*images {
		t.Errorf("%v, want no blob read and %d mounts", got, 3*images)
	}
}
