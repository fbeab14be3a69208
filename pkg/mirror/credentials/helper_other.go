//go:build !unix

package credentials

import "os/exec"

// killGroup does nothing: without process groups, the processes that a helper
// has started outlive it.
func killGroup(*exec.Cmd) {}
