// Package testkit is what tests share: registries as real HTTP servers, images
// of every shape, an independent check of what arrived, and real data.
//
// It promises that whatever it starts ends with the test, that servers listen on
// loopback addresses only, and that nothing is skipped without a printed reason.
package testkit

import (
	"path/filepath"
	"runtime"
)

// Root is the root folder of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}
