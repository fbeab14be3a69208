package referrers

import (
	"slices"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/transfer"
)

// Left counts the tags of signatures and referrers of images that were mirrored
// without them, as far as tag lists that were fetched for other reasons show
// them.
type Left struct {
	lists  *tags.Lists
	images sync.Map // image
}

type image struct {
	repo   registry.Repository
	digest digest.Digest
}

// NewLeft returns a counter that uses the lists of a run.
func NewLeft(lists *tags.Lists) *Left { return &Left{lists: lists} }

// Add records an image that was mirrored without its referrers.
func (l *Left) Add(src *transfer.Source) {
	if len(l.lists.Known(src.Repo)) == 0 {
		return
	}
	for _, d := range src.Parts() {
		l.images.Store(image{src.Repo, d}, true)
	}
}

// Count returns the number of the tags; mirrored reports whether one of them, as
// HOST/PATH:TAG, was mirrored itself.
func (l *Left) Count(mirrored func(reference string) bool) int {
	n := 0
	l.images.Range(func(key, _ any) bool {
		i := key.(image)
		known := l.lists.Known(i.repo)
		for _, ending := range append([]string{""}, signatureTags...) {
			tag := Tag(i.digest) + ending
			if _, ok := slices.BinarySearch(known, tag); ok && !mirrored(i.repo.String()+":"+tag) {
				n++
			}
		}
		return true
	})
	return n
}
