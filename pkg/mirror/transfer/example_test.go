package transfer_test

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// A filter selects an image and its attestation.
func ExampleFilter_Choose() {
	child := func(os, architecture string, notes map[string]string) ocispec.Descriptor {
		return ocispec.Descriptor{
			Digest:   digest.FromString(os + architecture),
			Platform: &ocispec.Platform{OS: os, Architecture: architecture}, Annotations: notes,
		}
	}
	amd, arm := child("linux", "amd64", nil), child("linux", "arm64", nil)
	about := child("unknown", "unknown", map[string]string{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": string(amd.Digest),
	})
	f := transfer.Filter{Platform: func(p string) bool { return strings.HasSuffix(p, "/amd64") }}
	images, all := f.Choose([]ocispec.Descriptor{amd, arm, about})
	fmt.Println(transfer.PlatformNames(images), len(all))
	// Output: linux/amd64 2
}
