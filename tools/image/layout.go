package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// writeLayout writes an OCI layout with one index, which has an image for each
// platform. It replaces a layout at dir after everything is written.
func (o options) writeLayout(dir string) error {
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".layout-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range o.platform {
		img, err := o.image(p)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.os, Architecture: p.arch}},
		})
	}
	index = mutate.Annotations(index, o.labels()).(v1.ImageIndex)
	path, err := layout.Write(work, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": o.version})); err != nil {
		return err
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil {
		if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
			return fmt.Errorf("%s exists, but is not an OCI layout, so it is not replaced: remove it, or choose another folder", dir)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(work, dir); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%s@%s\n", dir, digest)
	return nil
}

// image returns the image for one platform: a layer for the base and one for each
// command, so that a new version changes few layers.
func (o options) image(p platform) (v1.Image, error) {
	binaries, err := o.build(p)
	if err != nil {
		return nil, err
	}
	files, err := base()
	if err != nil {
		return nil, err
	}
	layers := [][]file{files}
	for _, b := range binaries {
		files, err := o.packed(b, p, binFolder, docFolder)
		if err != nil {
			return nil, err
		}
		layers = append(layers, files)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for i, files := range layers {
		what := "certificates, users"
		if i > 0 {
			what = binaries[i-1].name
		}
		if img, err = o.appendLayer(img, files, what); err != nil {
			return nil, err
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = p.os, p.arch
	config.Created = v1.Time{Time: o.created}
	config.Config = v1.Config{
		User: user, WorkingDir: "/tmp", Env: []string{"PATH=/usr/bin", "HOME=/tmp"},
		Cmd: []string{"mirror", "--help"}, Labels: o.labels(),
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, err
	}
	return mutate.Annotations(img, o.labels()).(v1.Image), nil
}

func (o options) appendLayer(img v1.Image, files []file, what string) (v1.Image, error) {
	data, err := tarBytes(files, o.created)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	return mutate.Append(img, mutate.Addendum{
		Layer: layer, MediaType: types.OCILayer,
		History: v1.History{Created: v1.Time{Time: o.created}, CreatedBy: "tools/image", Comment: what},
	})
}

// labels returns the labels that describe the origin of the image.
func (o options) labels() map[string]string {
	l := map[string]string{
		"org.opencontainers.image.title":         "mirror-tools",
		"org.opencontainers.image.description":   "Lint, generate and run the image mirroring of a release repository",
		"org.opencontainers.image.source":        "https://" + module,
		"org.opencontainers.image.documentation": "https://" + module + "/tree/main/docs",
		"org.opencontainers.image.version":       o.version,
		"org.opencontainers.image.created":       o.created.Format("2006-01-02T15:04:05Z07:00"),
	}
	if o.revision != "" {
		l["org.opencontainers.image.revision"] = o.revision
	}
	return l
}
