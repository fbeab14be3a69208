package mirror_test

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// broken pushes an index with one image to repositories of registries and
// returns one of its layers.
func broken(repos map[string]*strict.Registry) (layer v1.Descriptor) {
	for repo, g := range repos {
		layer = g.Blob(repo, []byte("layer"))
		g.Index(repo, "v1", strict.For("linux", "amd64", g.Image(repo, "", "child", layer)))
	}
	return layer
}

// --verify deep trusts no manifest, not even that of an image that gets another
// tag.
func TestDeepBelievesNoManifest(t *testing.T) {
	src, dst := strict.New(strict.Options{}), strict.New(strict.Options{})
	layer := broken(map[string]*strict.Registry{"a/b": src, "c/d": dst})
	dst.Drop("c/d", layer.Digest)
	p := plan(t, src.Serve(t, nil), dst.Serve(t, nil), "$src/a/b:v1 $dst/c/d:v1 $dst/c/d:v2")
	for _, tt := range []struct {
		mode mirror.Mode
		want map[mirror.Outcome]int
	}{
		{mirror.ModePlan, map[mirror.Outcome]int{mirror.Planned: 2}},
		{mirror.ModeRun, map[mirror.Outcome]int{mirror.Repaired: 1, mirror.Copied: 1}},
		{mirror.ModePlan, map[mirror.Outcome]int{mirror.Unchanged: 2}},
	} {
		report := run(t, p, mirror.Options{Client: client(t), Mode: tt.mode, Deep: true, Parallel: 1})
		wantSummary(t, report, tt.want)
		if e := report.Entries[0]; e.Outcome == mirror.Planned && !strings.Contains(strings.Join(e.Details, ""), "parts of the image are missing") {
			t.Errorf("%+v", e)
		}
	}
	src.Image("a/b", "other", "other")
	dst.Image("c/d", "other", "other")
	dst.Untag("c/d", "v2")
	dst.Drop("c/d", layer.Digest)
	p = plan(t, src.Serve(t, nil), dst.Serve(t, nil), "$src/a/b:other $dst/c/d:other", "$src/a/b:v1 $dst/c/d:v2")
	report := run(t, p, mirror.Options{Client: client(t), Deep: true, Parallel: 1})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Copied: 1})
}

// A repository that is the source of one line and the destination of another is
// not trusted to have all parts of its images.
func TestDeepBelievesNoSource(t *testing.T) {
	for _, lines := range [][]string{
		{"$src/a/b:v1 $src/c/d:v1", "$src/c/d:v1 $src/e/f:v1"},
		{"$src/c/d:v1 $src/e/f:v1", "$src/a/b:v1 $src/c/d:v1"},
	} {
		one := strict.New(strict.Options{})
		layer := broken(map[string]*strict.Registry{"a/b": one, "c/d": one, "e/f": one})
		one.Drop("c/d", layer.Digest)
		r := one.Serve(t, nil)
		p := plan(t, r, r, lines...)
		run(t, p, mirror.Options{Client: client(t), Deep: true, Parallel: 1})
		if holes := one.Holes(); len(holes) > 0 {
			t.Errorf("%q: tags of what is not whole: %q", lines, holes)
		}
	}
}
