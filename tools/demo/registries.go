package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// embedded starts a registry in this process and returns its address.
func embedded() (host string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: mounting(registry.New(registry.Logger(log.New(io.Discard, "", 0))))}
	go s.Serve(l)
	return l.Addr().String(), func() { s.Close() }, nil
}

// mounting mounts blobs of other repositories, as registries do. The embedded one,
// which declines that, keeps the blobs of all repositories together.
func mounting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		repo, upload := strings.CutSuffix(r.URL.Path, "/blobs/uploads/")
		digest := r.URL.Query().Get("mount")
		if r.Method != http.MethodPost || !upload || digest == "" {
			next.ServeHTTP(w, r)
			return
		}
		blob := repo + "/blobs/" + digest
		there := httptest.NewRecorder()
		next.ServeHTTP(there, httptest.NewRequestWithContext(r.Context(), http.MethodHead, blob, nil))
		if there.Code != http.StatusOK {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Location", blob)
		w.Header().Set("Docker-Content-Digest", digest)
		w.WriteHeader(http.StatusCreated)
	})
}

// push pushes images to the source registry, as promotion by CI would. They share
// a base layer, and one of them has two architectures.
func push(host string, images []string) error {
	base, err := random.Layer(256<<10, "application/vnd.docker.image.rootfs.diff.tar.gzip")
	if err != nil {
		return err
	}
	for i, path := range images {
		ref, err := name.ParseReference(host+"/"+path, name.Insecure)
		if err != nil {
			return err
		}
		if i == 0 {
			index := v1.ImageIndex(empty.Index)
			for _, arch := range []string{"amd64", "arm64"} {
				img, err := image(base)
				if err != nil {
					return err
				}
				index = mutate.AppendManifests(index, mutate.IndexAddendum{
					Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
				})
			}
			if err := remote.WriteIndex(ref, index); err != nil {
				return err
			}
			continue
		}
		img, err := image(base)
		if err != nil {
			return err
		}
		if err := remote.Write(ref, img); err != nil {
			return err
		}
	}
	return nil
}

// image returns an image with the base layer and one of its own.
func image(base v1.Layer) (v1.Image, error) {
	own, err := random.Layer(64<<10, "application/vnd.docker.image.rootfs.diff.tar.gzip")
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(empty.Image, base, own)
}

// compare reads every destination of the mapping lines and returns how many have
// the digest of their source.
func compare(lines []string) (int, error) {
	same := 0
	for _, line := range lines {
		refs := strings.Fields(line)
		want, err := digest(refs[0])
		if err != nil {
			return same, err
		}
		for _, dst := range refs[1:] {
			got, err := digest(dst)
			if err != nil {
				return same, err
			}
			if got != want {
				return same, fmt.Errorf("%s has %s, its source has %s", dst, got, want)
			}
			same++
		}
	}
	return same, nil
}

func digest(s string) (string, error) {
	ref, err := name.ParseReference(s, name.Insecure)
	if err != nil {
		return "", err
	}
	d, err := remote.Get(ref)
	if err != nil {
		return "", err
	}
	return d.Digest.String(), nil
}
