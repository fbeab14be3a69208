package mirror_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Two images are copied, one of them to two tags.
func Example() {
	src, dst := registryWith("team/app:v1", "team/web:v1"), registryWith()

	text := strings.NewReplacer("$src", src, "$dst", dst).Replace(`
$src/team/app:v1 $dst/public/app:v1 $dst/public/app:latest
$src/team/web:v1 $dst/public/web
`)
	plan, err := mirror.NewPlan([]*mapping.File{mapping.Parse("mapping_team", []byte(text))}, mirror.PlanOptions{})
	if err != nil {
		log.Fatal(err) // names the file, the line and what is wrong
	}
	client := registry.New(registry.Options{}) // anonymous: see Options.Keychain
	defer client.Close()
	report, err := mirror.Run(context.Background(), plan, mirror.Options{Client: client})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range report.Entries {
		fmt.Println(e.Outcome, strings.TrimPrefix(e.Destination, dst))
	}
	// Output:
	// copied /public/app:v1
	// copied /public/app:latest
	// copied /public/web:v1
}

// registryWith starts a registry that holds some images and gives its address.
func registryWith(images ...string) string {
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	host := strings.TrimPrefix(server.URL, "http://")
	for _, image := range images {
		img, err := random.Image(1000, 2)
		if err != nil {
			log.Fatal(err)
		}
		reference, err := name.ParseReference(host + "/" + image)
		if err != nil {
			log.Fatal(err)
		}
		if err := remote.Write(reference, img); err != nil {
			log.Fatal(err)
		}
	}
	return host
}
