package transfer

import (
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// probeFrom is the size in bytes from which a blob is checked before it is
// sent: to send a smaller one costs no more than a check.
const probeFrom = 64 << 10

// The number of mounts without success after which a registry gets no more of
// them: declined ones, which are an answer, and failed ones, which may be due
// to a registry in trouble.
const (
	declinedMounts = 3
	failedMounts   = 12
)

// holdings are the known blobs of one registry, and how it answers mounts.
type holdings struct {
	mu       sync.Mutex
	blobs    map[digest.Digest]*places
	mounted  int  // mounts that worked
	declined int  // mounts answered with an upload session
	failed   int  // mounts that failed after all retries
	refused  bool // the registry answered a mount with an error: no more of them
	deaf     bool // the same for a mount from a blob's own repository
}

// places are the paths that have a blob. Most blobs are in one repository only,
// so the map is made on demand.
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

// knows records that a repository has a blob.
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

// unknown counts the blobs that would need a check each: those large enough
// that are not known to be in the repository or, if anywhere is set, in any
// repository of the registry.
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

// mountable reports whether a mount is worth a request.
func (h *holdings) mountable() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.refused && (h.mounted > 0 || h.declined < declinedMounts && h.failed < failedMounts)
}

// count adds to one of the fields above.
func (h *holdings) count(n *int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*n++
}

// note records that the registry does not support mounts, or those of one kind.
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
