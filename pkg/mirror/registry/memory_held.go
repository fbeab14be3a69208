package registry

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// maxAlive is the limit of the bytes of all manifests that are in use.
const maxAlive = 256 << 20

// CrowdedError means that a manifest was not read because others in use take too
// much memory. No registry causes it.
type CrowdedError struct{}

func (*CrowdedError) Error() string {
	return fmt.Sprintf("the manifests in use have more than %d MiB", maxAlive>>20)
}

// Failure implements [retry.Failed]: later there may be room.
func (*CrowdedError) Failure(time.Time) retry.Failure { return retry.Failure{Kind: retry.Crowded} }

// held knows the manifests that somebody still holds.
type held struct {
	mu    sync.Mutex
	all   []holding
	bytes int64 // of all
	next  int   // number of manifests from which those that nobody holds are dropped
}

type holding struct {
	at   weak.Pointer[byte]
	size int64
}

// admit counts the bytes of a manifest for as long as somebody holds them. It
// reports false when too many are held. It does not wait, because their holders
// may wait for this one, or for the slot of its request.
func (h *held) admit(body []byte) bool {
	if len(body) == 0 {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	size := int64(len(body))
	if h.bytes+size > maxAlive || len(h.all) >= h.next {
		h.drop()
	}
	if h.bytes+size > maxAlive {
		runtime.GC() // which clears the weak pointers before it returns
		h.drop()
	}
	if h.bytes+size > maxAlive {
		return false
	}
	h.all = append(h.all, holding{weak.Make(&body[0]), size})
	h.bytes += size
	return true
}

// drop forgets the manifests that nobody holds.
func (h *held) drop() {
	h.all = slices.DeleteFunc(h.all, func(m holding) bool {
		gone := m.at.Value() == nil
		if gone {
			h.bytes -= m.size
		}
		return gone
	})
	h.next = max(2*len(h.all), 100)
}
