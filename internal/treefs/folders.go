package treefs

import (
	"os"
	"path"
	"sync"
)

// folders are folders below a root that are held open, so that what is in them
// is found in one step.
type folders struct {
	mu   sync.Mutex
	open map[string]*os.Root
}

// maxOpen is how many folders are held open.
const maxOpen = 64

// get returns a folder; nil when it cannot be reached from the one above it
// without leaving that, or at all.
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

// release closes all folders. Whoever still uses one gets an error, and takes
// the way from the root.
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
