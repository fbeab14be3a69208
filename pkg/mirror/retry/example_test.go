package retry_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Another client copies an image with the limits and retries of this package.
// One of the registries fails the first attempt of each request.
func ExampleNewTransport() {
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	source := httptest.NewServer(registry.New(quiet))
	defer source.Close()
	flaky := httptest.NewServer(refuseFirst(registry.New(quiet)))
	defer flaky.Close()

	hosts := throttle.NewHosts(throttle.Options{MaxPerHost: 4})
	through := remote.WithTransport(retry.NewTransport(http.DefaultTransport, hosts, retry.Policy{Base: time.Millisecond}))

	image, err := random.Image(1024, 2)
	if err != nil {
		log.Fatal(err)
	}
	from := reference(source, "team/app:v1")
	if err := remote.Write(from, image, through); err != nil {
		log.Fatal(err)
	}
	found, err := remote.Image(from, through)
	if err != nil {
		log.Fatal(err)
	}
	to := reference(flaky, "mirror/app:v1")
	if err := remote.Write(to, found, through); err != nil {
		log.Fatal(err)
	}
	_, err = remote.Head(to, through)
	fmt.Println("copied:", err == nil)
	for _, s := range hosts.Stats() {
		if "http://"+s.Host == flaky.URL {
			fmt.Println("tried again:", s.Retries > 0)
		}
	}
	// Output:
	// copied: true
	// tried again: true
}

func reference(s *httptest.Server, path string) name.Reference {
	ref, err := name.ParseReference(strings.TrimPrefix(s.URL, "http://") + "/" + path)
	if err != nil {
		log.Fatal(err)
	}
	return ref
}

// refuseFirst answers each method and path with 500 once.
func refuseFirst(h http.Handler) http.Handler {
	var seen sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, again := seen.LoadOrStore(r.Method+r.URL.Path, true); !again {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		h.ServeHTTP(w, r)
	})
}
