package transfer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// ErrUnsupported is the error of images that are not mirrored by design.
var ErrUnsupported = errors.New("not mirrored")

// MissingError means that something does not exist at a source.
type MissingError struct {
	What   string // such as "the source does not exist"
	Err    error
	Source bool // the whole image, not a part of it
}

func (e *MissingError) Error() string { return e.What + ": " + e.Err.Error() }

// Unwrap returns the answer of the registry.
func (e *MissingError) Unwrap() error { return e.Err }

// Unreadable explains an error of reading a source. It returns nil for nil.
func Unreadable(err error) error {
	switch {
	case registry.NotFound(err):
		return &MissingError{"the source does not exist", err, true}
	case registry.Denied(err):
		return fmt.Errorf("the source does not exist, or the credential cannot pull it: %w", err)
	case err != nil:
		return fmt.Errorf("reading the source: %w", err)
	}
	return nil
}

// incomplete reports whether a registry refused a manifest because something
// that the manifest refers to is missing.
func incomplete(err error) bool {
	var e *registry.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Has("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN") || e.Status == http.StatusNotFound ||
		e.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.Message), "unknown")
}
