//go:build unix

package credentials

import (
	"os/exec"
	"syscall"
)

// killGroup makes the processes that a command has started end with it.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
