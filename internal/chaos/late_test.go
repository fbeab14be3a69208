package chaos

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// A registry that sees writes only after some seconds gets everything: images
// and indexes, to new and existing tags, with blobs that several repositories
// share.
func TestLateRegistry(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			plain(t, func(t *testing.T, w *world) {
				w.smallImages(20, dst)
				a, b := w.image(w.sites[src], "ci/stream", "", w.layer(400)), w.image(w.sites[src], "ci/stream", "", w.layer(400))
				w.want[dst+"/org/index:v1"] = w.index(w.sites[src], "ci/stream", "index", a, b).Digest
				w.image(w.sites[dst], "org/index", "v1", w.layer(100))
				w.lines = append(w.lines, fmt.Sprintf("%s/ci/stream:index %s/org/index:v1", src, dst))
				w.handler(src, nil)
				late := &Late{Seed: seed}
				asked := w.handler(dst, func(h http.Handler) http.Handler { return late.Wrap(h) })
				report, took := w.finish(registry.Options{})
				if report.Summary[mirror.Copied] != 21 {
					t.Errorf("outcomes %v after %v: %v", report.Summary, took, report.Failures())
				}
				if n := asked.Load(); n > 600 {
					t.Errorf("%d requests to the registry", n)
				}
				t.Logf("%d requests in %v", asked.Load(), took)
			})
		})
	}
}
