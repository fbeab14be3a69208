package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tagged is a registry in which nothing changes: a digest for every tag, asked by
// HEAD or, where it lists, by Quay's API for tags.
type tagged struct {
	digests map[string]string // by repository:tag
	tags    map[string][]string
	lists   bool
	rate    int // requests a second; 0: as many as come

	mu   sync.Mutex
	free time.Time // when the next request may be answered
}

func newTagged(references []string, digest func(i int) string) *tagged {
	t := &tagged{digests: map[string]string{}, tags: map[string][]string{}}
	for i, ref := range references {
		repo, tag, _ := strings.Cut(ref, ":")
		t.digests[ref] = digest(i)
		t.tags[repo] = append(t.tags[repo], tag)
	}
	return t
}

func (t *tagged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !t.admit() {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	repo, tag, ok := strings.Cut(path, "/manifests/")
	switch digest := t.digests[repo+":"+tag]; {
	case ok && digest != "":
		w.Header().Set("Docker-Content-Digest", digest)
		w.Header().Set("Content-Type", manifestType)
	case ok:
		w.WriteHeader(http.StatusNotFound)
	case strings.HasPrefix(path, "/api/") && t.lists:
		t.list(w, strings.TrimSuffix(strings.TrimPrefix(path, "/api/v1/repository/"), "/tag/"))
	case strings.HasPrefix(path, "/api/"):
		w.WriteHeader(http.StatusNotFound)
	}
}

// admit answers 429 to what exceeds the rate of this second.
func (t *tagged) admit() bool {
	if t.rate == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.free.Before(now.Add(-time.Second)) {
		t.free = now.Add(-time.Second)
	}
	if t.free.After(now) {
		return false
	}
	t.free = t.free.Add(time.Second / time.Duration(t.rate))
	return true
}

func (t *tagged) list(w http.ResponseWriter, repo string) {
	type tag struct {
		Name   string `json:"name"`
		Digest string `json:"manifest_digest"`
	}
	page := struct {
		Tags []tag `json:"tags"`
		Page int   `json:"page"`
		More bool  `json:"has_additional"`
	}{Tags: []tag{}, Page: 1}
	for _, name := range t.tags[repo] {
		page.Tags = append(page.Tags, tag{name, t.digests[repo+":"+name]})
	}
	w.Header().Set("Content-Type", "application/json")
	check(json.NewEncoder(w).Encode(page))
}

// spread returns total references in repositories of 1 to most tags.
func spread(name string, repositories, total, most int) []string {
	var out []string
	for round := 0; len(out) < total; round++ {
		for i := 0; i < repositories && len(out) < total; i++ {
			if size := 1 + i*7%most; round < size || round >= most {
				out = append(out, fmt.Sprintf("%s-%d:v%d", name, i, round))
			}
		}
	}
	return out
}

// real has the shape of a release repository's mappings at the end of 2022. The
// peers cannot use lists; they are measured where none is given.
func (b *bench) real() {
	sources := spread("ci/stream", 244, 3227, 26)
	targets := spread("org/image", 646, 5917, 18)
	hash := func(i int) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "image %d", i))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	src := newTagged(sources, hash)
	dst := newTagged(targets, func(i int) string { return hash(i % len(sources)) })
	w := &workload{sources: sources, targets: make([][]string, len(sources))}
	for i, t := range targets {
		w.targets[i%len(sources)] = append(w.targets[i%len(sources)], t)
	}
	fmt.Println(header)
	from, to := newProxy(src), newProxy(dst)
	for _, c := range []struct {
		title        string
		source, dest bool
		rate         int
		way          way
		tools        []tool
	}{
		{"no lists", false, false, 0, wayFree, append(b.only("regsync", 16), mirror(b.bin, 0))},
		{"lists of the destinations", false, true, 0, wayFree, []tool{mirror(b.bin, 16)}},
		{"lists of both", true, true, 0, wayFree, []tool{mirror(b.bin, 16)}},
		{"no lists, 30 ms a request", false, false, 0, way{delay: 30 * time.Millisecond}, b.only("regsync", 16)},
		{"lists of both, 30 ms a request", true, true, 0, way{delay: 30 * time.Millisecond}, []tool{mirror(b.bin, 16)}},
		{"no lists, 100 requests a second", false, false, 100, wayFree, []tool{mirror(b.bin, 16)}},
		{"lists of both, 100 requests a second", true, true, 100, wayFree, []tool{mirror(b.bin, 16)}},
	} {
		src.lists, dst.lists, src.rate, dst.rate = c.source, c.dest, c.rate, c.rate
		samples := map[string][]sample{}
		for _, t := range c.tools {
			samples[t.String()] = []sample{measure(t, w, b.dir, from, to, c.way)}
		}
		print(c.title, c.tools, samples)
	}
}
