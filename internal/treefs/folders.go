package treefs

import (
	"os"
	"path"
	"sync"
)

// folders keeps folders below a root open, so that opening a file in one of them
// takes one step.
type folders struct {
	mu   sync.Mutex
	open map[string]*os.Root
}

// maxOpen is the maximum number of open folders.
const maxOpen = 64

// get returns a folder, or nil if it does not exist or is not a folder of the one
// above it, such as a symbolic link.
func (d *folders) get(root *os.Root, name string) *os.Root {
	if name == "." {
		return root
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.find(root, name)
}

func (d *folders) find(root *os.Root, name string) *os.Root {
	if name == "." {
		return root
	}
	if dir, ok := d.open[name]; ok {
		return dir
	}
	above := d.find(root, path.Dir(name))
	if above == nil {
		return nil
	}
	info, err := above.Lstat(path.Base(name))
	if err != nil || !info.IsDir() { // opening a pipe would block
		return nil
	}
	dir, err := above.OpenRoot(path.Base(name))
	if err != nil {
		return nil
	}
	if len(d.open) >= maxOpen {
		d.release()
	}
	if d.open == nil {
		d.open = map[string]*os.Root{}
	}
	d.open[name] = dir
	return dir
}

// release closes all folders. A caller that still uses one gets an error and opens
// the file from the root.
func (d *folders) release() {
	for _, dir := range d.open {
		dir.Close()
	}
	d.open = nil
}

func (d *folders) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.release()
}
