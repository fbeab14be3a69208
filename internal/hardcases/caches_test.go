package hardcases

import (
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// A BuildKit cache is an index whose children are blobs. It is copied if the
// registry accepts it; else the error names the format.
func TestBuildKitCache(t *testing.T) {
	for _, kind := range []types.MediaType{types.OCIImageIndex, types.DockerManifestList} {
		t.Run(string(kind), func(t *testing.T) {
			s := newScene(t, strict.Options{}, strict.Options{})
			layer := s.src.Blob("a/b", noise("layer", 100_000))
			config := s.src.Blob("a/b", []byte(`{"layers":[{"blob":"x"}]}`))
			layer.MediaType, config.MediaType = types.OCILayer, "application/vnd.buildkit.cacheconfig.v0"
			s.src.Manifest("a/b", "cache", kind, v1.IndexManifest{SchemaVersion: 2, MediaType: kind, Manifests: []v1.Descriptor{layer, config}})
			s.client.Retry.Attempts = 7
			began := s.clock.now
			e := s.entry("$src/a/b:cache $dst/c:cache")
			if waited := s.clock.now.Sub(began); waited > 10*time.Second {
				t.Errorf("waited %v for a registry that has the blobs", waited)
			}
			if e.Outcome != mirror.Failed || !strings.Contains(e.Error, "refuses an index of blobs, such as a BuildKit cache") {
				t.Errorf("a registry that wants manifests: %s: %s", e.Outcome, e.Error)
			}
			for _, b := range []v1.Descriptor{layer, config} {
				if !s.dst.Has("c", b.Digest) {
					t.Errorf("%s was not brought", b.MediaType)
				}
			}
		})
	}
}
