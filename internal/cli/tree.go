package cli

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// OpenTree opens a folder whose content may be somebody else's. Nothing in it
// leads out of it.
func OpenTree(dir string) (*treefs.FS, error) {
	tree, err := treefs.Open(dir)
	switch {
	case err == nil:
		return tree, nil
	case errors.Is(err, syscall.ENOTDIR):
		if info, e := os.Stat(dir); e == nil && !info.IsDir() {
			return nil, Usagef("%s is not a folder", dir)
		}
		return nil, Usagef("%w", err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, Usagef("%w", err)
	}
	return nil, Failf("%w", err)
}
