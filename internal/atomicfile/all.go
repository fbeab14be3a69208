package atomicfile

import (
	"os"
)

// File is a file to be written, by its path below a folder, with slashes.
type File struct {
	Path string
	Data []byte
}

// WriteAll writes files below a folder as [WriteIn] does, and creates the
// folder if it is missing.
func WriteAll(dir string, files []File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return WriteIn(root, files)
}
