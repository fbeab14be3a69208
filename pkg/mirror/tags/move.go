package tags

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Move is a destination that is given an image.
type Move struct {
	To          registry.Repository
	Destination mapping.Reference // without a tag where a digest is pushed untagged
	Had         digest.Digest     // what the tag held when it was looked at; "" for nothing
	Looked      time.Time

	Digest  digest.Digest // of what is written, once that is known
	Details []string      // what there is to tell a person
	Backup  string        // the tag under which Had is kept
	Present bool          // the image is there: somebody else wrote it
}

// Ref returns what an image is written under: the tag, or its own digest.
func (m *Move) Ref(want digest.Digest) string {
	if m.Destination.Tag == "" {
		return string(want)
	}
	return m.Destination.Tag
}

// ProtectedError tells why a destination is left as it is.
type ProtectedError struct{ Why string }

func (e *ProtectedError) Error() string { return e.Why }
