package registry_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// A client pushes a manifest, reads it back by its tag and lists the tags.
func ExampleClient() {
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	client := registry.New(registry.Options{})
	defer client.Close()

	ctx := context.Background()
	repo := registry.Repository{Host: strings.TrimPrefix(server.URL, "http://"), Path: "team/app", Push: true}
	body := []byte(`{"schemaVersion":2,"mediaType":"` + registry.OCIIndex + `","manifests":[]}`)
	index := registry.Manifest{MediaType: registry.OCIIndex, Digest: digest.FromBytes(body), Body: body}
	if err := client.PutManifest(ctx, repo, "v1", index, nil); err != nil {
		log.Fatal(err)
	}
	descriptor, err := client.Resolve(ctx, repo, "v1")
	if err != nil {
		log.Fatal(err)
	}
	tags, err := client.Tags(ctx, repo)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(descriptor.Digest == index.Digest, tags)
	// Output:
	// true [v1]
}
