package throttle_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Twenty goroutines share two requests in flight to a registry.
func ExampleWrap() {
	var now, most atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		io.WriteString(w, "ok")
	}))
	defer server.Close()

	hosts := throttle.NewHosts(throttle.Options{MaxPerHost: 2})
	host := hosts.Get("registry.example")
	client := &http.Client{Transport: throttle.Wrap(host, http.DefaultTransport)}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			resp, err := client.Get(server.URL)
			if err != nil {
				log.Fatal(err)
			}
			resp.Body.Close()
		})
	}
	wg.Wait()
	fmt.Println("at most two at a time:", most.Load() <= 2)
	fmt.Println("requests:", hosts.Stats()[0].Requests)
	// Output:
	// at most two at a time: true
	// requests: 20
}
