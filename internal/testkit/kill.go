package testkit

import "path/filepath"

// WaitForTemporary returns when a hidden file appears in a folder, which is what
// a file is written into before it takes its place, or when a process has ended,
// which it says again.
func WaitForTemporary(dir string, ended chan error) {
	for {
		select {
		case err := <-ended:
			ended <- err
			return
		default:
		}
		if found, _ := filepath.Glob(filepath.Join(dir, ".*")); len(found) > 0 {
			return
		}
	}
}
