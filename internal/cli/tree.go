package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// OpenTree opens a folder with untrusted content. No link in it leads out of
// it.
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
		return nil, &Error{Code: ExitUsage, Err: fmt.Errorf("there is no folder %s", dir), Hint: "name the root of a release repository"}
	}
	return nil, Failf("%w", err)
}
