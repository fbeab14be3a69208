package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// workload is a set of images at the source and their destinations.
type workload struct {
	sources []string // "repository:tag" at the source, one for each line
	targets [][]string
	blobs   int                                 // of each image, with its config; 0 if images differ
	push    func(src *registry, generation int) // pushes the images; those of generation 1 differ in 5 %
}

const mebibyte = 1 << 20

// w1 is 300 images in one repository. All share four layers of 40 MiB together, and
// each has 1 MiB of its own. Every image goes to three tags of its own repository.
func w1() *workload {
	w := &workload{blobs: 6}
	for i := range 300 {
		w.sources = append(w.sources, fmt.Sprintf("ci/stream:image-%d", i))
		to := fmt.Sprintf("org/image-%d:", i)
		w.targets = append(w.targets, []string{to + "latest", to + "v4.20", to + "stable"})
	}
	w.push = func(src *registry, generation int) {
		var base []descriptor
		for i, size := range []int64{4, 8, 12, 16} {
			base = append(base, src.layer("ci/stream", fmt.Sprint("base ", i), size*mebibyte))
		}
		for i := range 300 {
			name := fmt.Sprint("image ", i)
			if generation > 0 && i%20 == 0 {
				name += " changed"
			}
			src.image("ci/stream", fmt.Sprintf("image-%d", i), name, append(base[:4:4], src.layer("ci/stream", name, mebibyte))...)
		}
	}
	return w
}

// w2 is 50 indexes of two platforms with 8 MiB each.
func w2() *workload {
	w := &workload{}
	for i := range 50 {
		w.sources = append(w.sources, fmt.Sprintf("ci/multi:v%d", i))
		w.targets = append(w.targets, []string{fmt.Sprintf("org/multi-%d:latest", i)})
	}
	w.push = func(src *registry, _ int) {
		for i := range 50 {
			var children []descriptor
			for _, arch := range []string{"amd64", "arm64"} {
				name := fmt.Sprintf("multi %d %s", i, arch)
				d := src.image("ci/multi", "", name, src.layer("ci/multi", name+" 1", 4*mebibyte), src.layer("ci/multi", name+" 2", 4*mebibyte))
				d.Platform = map[string]string{"os": "linux", "architecture": arch}
				children = append(children, d)
			}
			src.manifest("ci/multi", fmt.Sprintf("v%d", i), indexType, map[string]any{
				"schemaVersion": 2, "mediaType": indexType, "manifests": children,
			})
		}
	}
	return w
}

// w3 is three images with a layer of 500 MiB each.
func w3() *workload {
	w := &workload{}
	for i := range 3 {
		w.sources = append(w.sources, fmt.Sprintf("ci/large:v%d", i))
		w.targets = append(w.targets, []string{fmt.Sprintf("org/large-%d:latest", i)})
	}
	w.push = func(src *registry, _ int) {
		for i := range 3 {
			name := fmt.Sprint("large ", i)
			src.image("ci/large", fmt.Sprintf("v%d", i), name, src.layer("ci/large", name, 500*mebibyte))
		}
	}
	return w
}

// pairs returns source and destination of every copy, all first destinations before
// all second ones, because peers that copy pair by pair push a blob twice if they
// copy two tags of one image at the same time.
func (w *workload) pairs(src, dst string) [][2]string {
	var out [][2]string
	for k := 0; ; k++ {
		n := len(out)
		for i, targets := range w.targets {
			if k < len(targets) {
				out = append(out, [2]string{src + "/" + w.sources[i], dst + "/" + targets[k]})
			}
		}
		if len(out) == n {
			return out
		}
	}
}

// mapping writes the mapping file.
func (w *workload) mapping(dir, src, dst string) string {
	var b strings.Builder
	for i, targets := range w.targets {
		b.WriteString(src + "/" + w.sources[i])
		for _, t := range targets {
			b.WriteString(" " + dst + "/" + t)
		}
		b.WriteByte('\n')
	}
	file := filepath.Join(dir, "mapping_bench")
	check(os.WriteFile(file, []byte(b.String()), 0o600))
	return file
}

// verify ends the program unless every destination has the digest of its source.
func (w *workload) verify(who string, src, dst *registry) {
	for i, source := range w.sources {
		repo, tag, _ := strings.Cut(source, ":")
		want := src.digest(repo, tag)
		for _, t := range w.targets[i] {
			repo, tag, _ := strings.Cut(t, ":")
			if got := dst.digest(repo, tag); got != want {
				fail("after %s, %s is %s, not %s", who, t, got, want)
			}
		}
	}
}
