package mirror_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// TestReferrersFromHandToHand mirrors an index with a signature, an SBOM of a
// child and cosign's tags from one registry to the next, with and without the
// referrers API; the last one still lists all of it.
func TestReferrersFromHandToHand(t *testing.T) {
	first := strict.New(strict.Options{})
	child := first.Image("a/b", "", "child", first.Blob("a/b", []byte("layer")))
	index := first.Index("a/b", "v1", strict.For("linux", "amd64", child))
	refer := func(subject v1.Descriptor, kind string) string {
		config := first.Blob("a/b", []byte("{}"))
		config.MediaType = "application/vnd.oci.empty.v1+json"
		return first.Manifest("a/b", "", types.OCIManifestSchema1, v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: "application/" + kind, Config: config,
			Layers: []v1.Descriptor{first.Blob("a/b", []byte(kind))}, Subject: &subject,
		}).Digest.String()
	}
	want := map[string]string{index.Digest.String(): refer(index, "signature"), child.Digest.String(): refer(child, "sbom")}
	cosign := "sha256-" + index.Digest.Hex + ".sig"
	first.Image("a/b", cosign, "cosign")

	from := first.Serve(t, nil)
	for _, to := range []*testkit.Registry{
		testkit.Distribution(t, false), testkit.Olareg(t), strict.New(strict.Options{NoReferrers: true}).Serve(t, nil),
		testkit.InProcess(t, nil), testkit.Distribution(t, true), strict.New(strict.Options{}).Serve(t, nil),
	} {
		c := client(t, from, to)
		report := run(t, plan(t, from, to, "$src/a/b:v1 $dst/a/b:v1"), mirror.Options{Client: c, Referrers: true})
		wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
		for subject, referrer := range want {
			if got := listed(t, c, registry.Repository{Host: to.Host, Path: "a/b"}, subject); !slices.Contains(got, referrer) {
				t.Errorf("%s lists %q for %s, want %s", to.Name, got, subject, referrer)
			}
			if _, err := testkit.CompareImages(from, "a/b@"+referrer, to, "a/b@"+referrer); err != nil {
				t.Error(err)
			}
		}
		if _, err := testkit.CompareImages(from, "a/b:"+cosign, to, "a/b:"+cosign); err != nil {
			t.Error(err)
		}
		again := run(t, plan(t, from, to, "$src/a/b:v1 $dst/a/b:v1"), mirror.Options{Client: client(t, from, to), Referrers: true})
		wantSummary(t, again, map[mirror.Outcome]int{mirror.Unchanged: 1})
		if again.Moved != (mirror.Moved{}) {
			t.Errorf("%s: the second run moved %+v", to.Name, again.Moved)
		}
		from = to
	}
}

// listed gives the digests of what a registry says refers to a manifest, by its
// API or by the tag that stands for it.
func listed(t *testing.T, c *registry.Client, repo registry.Repository, subject string) (digests []string) {
	t.Helper()
	list, known, err := c.Referrers(context.Background(), repo, subject)
	if err != nil {
		t.Fatal(err)
	}
	if !known {
		m, err := c.Manifest(context.Background(), repo, strings.Replace(subject, ":", "-", 1))
		if err != nil {
			t.Fatal(err)
		}
		content, err := m.Content()
		if err != nil {
			t.Fatal(err)
		}
		list = content.Children
	}
	for _, d := range list {
		digests = append(digests, d.Digest.String())
	}
	return digests
}
