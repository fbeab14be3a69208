package main

import (
	"os"
	"os/exec"
	"syscall"
)

// chroot reports whether this process may run another in a different root.
func chroot() bool { return os.Geteuid() == 0 }

// confine runs a command with root as its root folder, as the image's user.
func confine(cmd *exec.Cmd, root, path string) {
	cmd.Path, cmd.Dir = path, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
}
