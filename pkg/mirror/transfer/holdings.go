package transfer

import (
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// probeFrom is the size in bytes from which a blob is asked for before it is
// sent: sending a smaller one costs no more than asking.
const probeFrom = 64 << 10

// How many mounts, with none that worked, it takes to give up on mounting at a
// registry: declined ones, which are an answer, and failed ones, which any
// request to a registry in trouble may be.
const (
	declinedMounts = 3
	failedMounts   = 12
)

// holdings is what is known of the blobs of one registry, and of how it takes
// mounts.
type holdings struct {
	mu       sync.Mutex
	blobs    map[digest.Digest]*places
	mounted  int  // mounts that worked
	declined int  // mounts answered with an upload session
	failed   int  // mounts that nothing came of, though they were tried again and again
	refused  bool // the registry answered a mount with an error: no more of them
	deaf     bool // the same for a mount from a blob's own repository
}

// places are the paths that have a blob. Most blobs are in one repository only:
// the map is made when it is needed.
type places struct {
	first  string // to mount from; "" for none
	others map[string]bool
}

func (p *places) has(path string) bool { return p.first == path || p.others[path] }

func (p *places) add(path string) {
	switch {
	case p.first == "":
		p.first = path
	case p.first != path:
		if p.others == nil {
			p.others = map[string]bool{}
		}
		p.others[path] = true
	}
}

func (p *places) remove(path string) {
	if p.first == path {
		p.first = ""
		for other := range p.others {
			p.first, path = other, other
			break
		}
	}
	delete(p.others, path)
}

// knows notes that a repository has a blob.
func (h *holdings) knows(path string, d digest.Digest) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.blobs[d]
	if !ok {
		p = &places{}
		h.blobs[d] = p
	}
	p.add(path)
}

// doubts forgets that a repository has a blob.
func (h *holdings) doubts(path string, d digest.Digest) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p, ok := h.blobs[d]; ok {
		p.remove(path)
	}
}

func (h *holdings) has(path string, d digest.Digest) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.blobs[d]
	return ok && p.has(path)
}

// anywhere returns a path that has a blob, or "".
func (h *holdings) anywhere(d digest.Digest) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p, ok := h.blobs[d]; ok {
		return p.first
	}
	return ""
}

// unknown counts the blobs that would be asked for one by one: those worth
// asking for that are not known to be in the repository or, when anywhere is
// set, in any of its registry's.
func (h *holdings) unknown(path string, blobs []ocispec.Descriptor, anywhere bool) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range blobs {
		p, ok := h.blobs[b.Digest]
		if b.Size >= probeFrom && !(ok && (p.has(path) || anywhere && p.first != "")) {
			n++
		}
	}
	return n
}

// mountable reports whether it is worth asking the registry for a mount.
func (h *holdings) mountable() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.refused && (h.mounted > 0 || h.declined < declinedMounts && h.failed < failedMounts)
}

// count adds up what became of mounts; it is given one of the fields above.
func (h *holdings) count(n *int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*n++
}

// note notes that the registry does not take mounts, or those of one kind.
func (h *holdings) note(what *bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*what = true
}

// isDeaf reports whether a mount from a blob's own repository is an error.
func (h *holdings) isDeaf() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deaf
}
