package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tagged is a registry in which nothing changes. It returns the digest of every tag
// for a HEAD request or, if it has lists, through Quay's API for tags.
type tagged struct {
	digests map[string]string // by repository:tag
	tags    map[string][]string

	mu    sync.Mutex
	lists bool
	rate  int       // requests a second; 0: no limit
	free  time.Time // when the next request can be answered
}

// set changes whether the registry has lists, and its rate.
func (t *tagged) set(lists bool, rate int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lists, t.rate, t.free = lists, rate, time.Time{}
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
	admitted, lists := t.admit()
	if !admitted {
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
	case strings.HasPrefix(path, "/api/") && lists:
		t.list(w, r)
	case strings.HasPrefix(path, "/api/"):
		w.WriteHeader(http.StatusNotFound)
	}
}

// admit reports whether the rate admits a request, and whether there are lists.
func (t *tagged) admit() (admitted, lists bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate == 0 {
		return true, t.lists
	}
	now := time.Now()
	if t.free.Before(now.Add(-time.Second)) {
		t.free = now.Add(-time.Second)
	}
	if t.free.After(now) {
		return false, t.lists
	}
	t.free = t.free.Add(time.Second / time.Duration(t.rate))
	return true, t.lists
}

// quayPage is the maximum number of tags on a page of Quay's API.
const quayPage = 100

func (t *tagged) list(w http.ResponseWriter, r *http.Request) {
	repo := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/v1/repository/"), "/tag/")
	tags, known := t.tags[repo]
	w.Header().Set("Content-Type", "application/json")
	if !known {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error_type":"not_found","status":404}`)
		return
	}
	type tag struct {
		Name   string `json:"name"`
		Digest string `json:"manifest_digest"`
	}
	page := struct {
		Tags []tag `json:"tags"`
		Page int   `json:"page"`
		More bool  `json:"has_additional"`
	}{Tags: []tag{}}
	page.Page, _ = strconv.Atoi(r.URL.Query().Get("page"))
	page.Page = max(page.Page, 1)
	first := min((page.Page-1)*quayPage, len(tags))
	last := min(first+quayPage, len(tags))
	page.More = last < len(tags)
	for _, name := range tags[first:last] {
		page.Tags = append(page.Tags, tag{name, t.digests[repo+":"+name]})
	}
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

// digests returns the digest of the image with a number.
func digests(i int) string { return digestOf(fmt.Appendf(nil, "image %d", i)) }

// pair is two registries in which nothing has changed since everything was mirrored.
type pair struct {
	workload *workload
	src, dst *tagged
}

// newReal returns a pair with the shape of a release repository's mappings at the
// end of 2022.
func newReal() *pair {
	sources := spread("ci/stream", 244, 3227, 26)
	targets := spread("org/image", 646, 5917, 18)
	w := &workload{sources: sources, targets: make([][]string, len(sources))}
	for i, t := range targets {
		w.targets[i%len(sources)] = append(w.targets[i%len(sources)], t)
	}
	return newPair(w)
}

func newPair(w *workload) *pair {
	var targets []string
	var image []int
	for i, to := range w.targets {
		for _, t := range to {
			targets = append(targets, t)
			image = append(image, i)
		}
	}
	return &pair{
		workload: w, src: newTagged(w.sources, digests),
		dst: newTagged(targets, func(i int) string { return digests(image[i]) }),
	}
}

// listsOf describes which of the two registries have lists of digests.
type listsOf struct{ source, destination bool }

var noLists, listsOfDestinations, listsOfBoth = listsOf{}, listsOf{false, true}, listsOf{true, true}

// turn is one way to measure a pair. Peers cannot use lists.
type turn struct {
	title string
	lists listsOf
	rate  int // requests a second and registry; 0: no limit
	way   way
	tools []tool
}

// turns measures a pair in each way.
func (b *bench) turns(name string, p *pair, turns ...turn) {
	runs := max(b.runs, 1)
	from, to := newProxy(p.src), newProxy(p.dst)
	for _, c := range turns {
		samples := map[string][]sample{}
		for range runs {
			for _, t := range c.tools {
				p.src.set(c.lists.source, c.rate)
				p.dst.set(c.lists.destination, c.rate)
				samples[t.String()] = append(samples[t.String()], measure(t, p.workload, b.dir, from, to, c.way))
			}
		}
		print(name+", "+c.title, c.tools, samples)
	}
}

// unchanged measures a pair with and without lists, and regsync.
func (b *bench) unchanged(name string, p *pair) {
	own := []tool{mirror(b.bin, 16)}
	far := way{delay: 30 * time.Millisecond}
	b.turns(name, p,
		turn{"no lists", noLists, 0, wayFree, b.only("regsync", 16)},
		turn{"lists of the destinations", listsOfDestinations, 0, wayFree, own},
		turn{"lists of both", listsOfBoth, 0, wayFree, own},
		turn{"no lists, 30 ms a request", noLists, 0, far, b.only("regsync", 16)},
		turn{"lists of the destinations, 30 ms a request", listsOfDestinations, 0, far, own},
		turn{"lists of both, 30 ms a request", listsOfBoth, 0, far, own},
	)
}

// rated measures a pair that answers a few requests a second.
func (b *bench) rated(name string, p *pair, rate int) {
	own := []tool{mirror(b.bin, 16)}
	b.turns(name, p,
		turn{fmt.Sprintf("no lists, %d requests a second", rate), noLists, rate, wayFree, own},
		turn{fmt.Sprintf("lists of the destinations, %d requests a second", rate), listsOfDestinations, rate, wayFree, own},
		turn{fmt.Sprintf("lists of both, %d requests a second", rate), listsOfBoth, rate, wayFree, own},
	)
}
