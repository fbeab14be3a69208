package mirror_test

import (
	"net/http"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// TestMountsFromRelatives copies an image to a new repository of a registry. An
// unchanged image from the same source has its layers in another repository,
// from where they are mounted.
func TestMountsFromRelatives(t *testing.T) {
	src, dst := testkit.InProcess(t, nil), testkit.Distribution(t, false)
	base := []v1.Layer{testkit.Layer(1, 300_000), testkit.Layer(2, 300_000)}
	src.Push(t, "ci/stream:old", testkit.Image(t, "old", base...))
	src.Push(t, "ci/stream:new", testkit.Image(t, "new", append(base[:2:2], testkit.Layer(3, 1000))...))
	run(t, plan(t, src, dst, "$src/ci/stream:old $dst/org/old:a"), mirror.Options{Client: client(t)})
	// Copied one after the other, so that the old one is known when the new one comes.
	report := run(t, plan(t, src, dst, "$src/ci/stream:old $dst/org/old:a", "$src/ci/stream:new $dst/org/new:a"),
		mirror.Options{Client: client(t), Parallel: 1})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Copied: 1})
	if m := report.Moved; m.Mounts != 2 || m.Blobs != 2 {
		t.Errorf("%d blobs were mounted and %d sent, want 2 layers and a layer and a config", m.Mounts, m.Blobs)
	}
	if _, err := testkit.CompareImages(src, "ci/stream:new", dst, "org/new:a"); err != nil {
		t.Error(err)
	}
}

// TestLearnedWrongly has a destination whose image lacks a layer that the next
// image needs: the layer is copied in spite of the manifest.
func TestLearnedWrongly(t *testing.T) {
	src, dst := testkit.InProcess(t, nil), testkit.Distribution(t, false)
	base := []v1.Layer{testkit.Layer(1, 300_000), testkit.Layer(2, 300_000)}
	src.Push(t, "ci/stream:x", testkit.Image(t, "first", base...))
	p := func() *mirror.Plan { return plan(t, src, dst, "$src/ci/stream:x $dst/org/x:a") }
	run(t, p(), mirror.Options{Client: client(t)})
	lost, err := base[1].Digest()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodDelete, "http://"+dst.Host+"/v2/org/x/blobs/"+lost.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := dst.Client().Do(req)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%v %v", resp, err)
	}
	resp.Body.Close()
	src.Push(t, "ci/stream:x", testkit.Image(t, "second", append(base[:2:2], testkit.Layer(3, 1000))...))
	report := run(t, p(), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
	if _, err := testkit.CompareImages(src, "ci/stream:x", dst, "org/x:a"); err != nil {
		t.Error(err)
	}
}
