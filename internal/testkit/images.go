package testkit

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Layer is a layer of n bytes that follow from the seed.
func Layer(seed int64, n int) v1.Layer {
	data := make([]byte, n)
	rand.New(rand.NewSource(seed)).Read(data)
	return static.NewLayer(data, types.DockerLayer)
}

// Image is an image of some layers; label makes it unlike all others.
func Image(t testing.TB, label string, layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.Config(img, v1.Config{Labels: map[string]string{"test": label}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Index is an index of manifests, one for each platform ("linux/amd64").
func Index(t testing.TB, children map[string]mutate.Appendable, order ...string) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, platform := range order {
		p, err := v1.ParsePlatform(platform)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: children[platform], Descriptor: v1.Descriptor{Platform: p}})
	}
	return index
}

// Push writes an image or index to path (such as "ns/name:tag") of the registry
// and returns its digest.
func (r *Registry) Push(t testing.TB, path string, what remote.Taggable) string {
	t.Helper()
	ref := r.reference(t, path)
	var err error
	switch what := what.(type) {
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, what, r.options()...)
	case v1.Image:
		err = remote.Write(ref, what, r.options()...)
	default:
		err = remote.Put(ref, what, r.options()...)
	}
	if err != nil {
		t.Fatalf("pushing %s: %v", path, err)
	}
	d, err := what.(interface{ Digest() (v1.Hash, error) }).Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

func (r *Registry) reference(t testing.TB, path string) name.Reference {
	t.Helper()
	opts := []name.Option{}
	if r.Scheme == "http" {
		opts = append(opts, name.Insecure)
	}
	ref, err := name.ParseReference(r.Host+"/"+path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func (r *Registry) options() []remote.Option {
	opts := []remote.Option{remote.WithTransport(r.Client().Transport), remote.WithJobs(2)}
	if r.User != "" {
		opts = append(opts, remote.WithAuth(&authn.Basic{Username: r.User, Password: r.Password}))
	}
	return opts
}

// AuthFile is a docker auth file with the credentials of some registries.
func AuthFile(registries ...*Registry) string {
	out := `{"auths": {`
	sep := ""
	for _, r := range registries {
		if r.User != "" {
			out += fmt.Sprintf(`%s%q: {"username": %q, "password": %q}`, sep, r.Host, r.User, r.Password)
			sep = ", "
		}
	}
	return out + `}}`
}
