package main

import (
	"os"
	"os/exec"
	"syscall"
)

// chroot reports whether this process may change the root of another.
func chroot() bool { return os.Geteuid() == 0 }

// confine lets a command see nothing but root, as the image's user.
func confine(cmd *exec.Cmd, root, path string) {
	cmd.Path, cmd.Dir = path, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
}
