package tags

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Move is a destination that gets an image.
type Move struct {
	To          registry.Repository
	Destination mapping.Reference // without a tag if a digest is pushed untagged
	Had         digest.Digest     // what the tag held when it was looked at; "" for nothing
	Looked      time.Time

	Digest  digest.Digest // of what is pushed, once that is known
	Details []string      // for people
	Backup  string        // the tag under which Had is kept
	Present bool          // the image exists: somebody else pushed it
}

// Ref returns the reference under which an image is pushed: the tag, or its own
// digest.
func (m *Move) Ref(want digest.Digest) string {
	if m.Destination.Tag == "" {
		return string(want)
	}
	return m.Destination.Tag
}

// ProtectedError explains why a destination is left unchanged.
type ProtectedError struct{ Why string }

func (e *ProtectedError) Error() string { return e.Why }
