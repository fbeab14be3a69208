package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// simulated is two registries without storage.
type simulated struct {
	source, target http.HandlerFunc
	workload       *workload
	note           string
}

// newMany returns registries that both have so many images, one in each repository.
func newMany(n int) simulated {
	s := simulated{workload: &workload{}, note: "Of the requests two are pings."}
	for i := range n {
		s.workload.sources = append(s.workload.sources, fmt.Sprintf("ci/stream-%d:tag-%d", i%50, i))
		s.workload.targets = append(s.workload.targets, []string{fmt.Sprintf("org/image-%d:tag-%d", i/10, i)})
	}
	s.source = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Docker-Content-Digest", digestOf([]byte(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])))
		w.Header().Set("Content-Type", manifestType)
	}
	s.target = s.source
	return s
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// newLarge returns a source with one image, whose only layer has so many zeros, and
// a destination that accepts everything and stores nothing.
func newLarge(size int64) simulated {
	hash := sha256.New()
	io.CopyN(hash, zeros{}, size)
	layer := descriptor{MediaType: layerType, Digest: "sha256:" + hex.EncodeToString(hash.Sum(nil)), Size: size}
	config := "{}"
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "layers": []descriptor{layer},
		"config": descriptor{MediaType: configType, Digest: digestOf([]byte(config)), Size: int64(len(config))},
	})
	check(err)
	digest := digestOf(manifest)
	return simulated{
		note:     "The destination takes the bytes and does not hash them.",
		workload: &workload{sources: []string{"ci/large:latest"}, targets: [][]string{{"org/large:latest"}}},
		source: func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/manifests/"):
				w.Header().Set("Docker-Content-Digest", digest)
				w.Header().Set("Content-Type", manifestType)
				w.Write(manifest)
			case strings.HasSuffix(r.URL.Path, layer.Digest):
				w.Header().Set("Content-Length", fmt.Sprint(size))
				io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(zeros{}, size), make([]byte, 256<<10))
			case strings.Contains(r.URL.Path, "/blobs/"):
				io.WriteString(w, config)
			}
		},
		target: func(w http.ResponseWriter, r *http.Request) {
			io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 256<<10))
			switch r.Method {
			case http.MethodHead, http.MethodGet:
				w.WriteHeader(http.StatusNotFound)
			case http.MethodPost, http.MethodPatch:
				w.Header().Set("Location", "/v2/org/large/blobs/uploads/1")
				w.WriteHeader(http.StatusAccepted)
			case http.MethodPut:
				if strings.Contains(r.URL.Path, "/manifests/") {
					w.Header().Set("Docker-Content-Digest", digest)
				}
				w.WriteHeader(http.StatusCreated)
			}
		},
	}
}

// simulate measures mirror on simulated registries.
func (b *bench) simulate(title string, s simulated) {
	t := mirror(b.bin, 0)
	src, dst := newProxy(s.source), newProxy(s.target)
	print(title, []tool{t}, map[string][]sample{t.String(): {measure(t, s.workload, b.dir, src, dst, wayFree)}})
	b.note("%s: %s", title, s.note)
}
