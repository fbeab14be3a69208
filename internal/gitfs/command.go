package gitfs

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// maxFiles is how many files a revision may have.
const maxFiles = 1_000_000

// command is a call of git that runs nothing of the checkout: the folder may be
// somebody else's, with its own configuration.
func command(dir string, args ...string) *exec.Cmd {
	safe := []string{
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.attributesFile=/dev/null",
		"-c", "diff.external=", "-c", "credential.helper=", "-c", "core.askPass=", "-c", "core.gitProxy=", "-c", "core.alternateRefsCommand=:",
		"-c", "safe.bareRepository=explicit", // a repository that lies in the tree is not the tree's
		"-c", "protocol.ext.allow=never",
		"--no-replace-objects", "--no-optional-locks", "--no-pager", "--literal-pathspecs",
	}
	cmd := exec.Command("git", append(safe, args...)...) // #nosec G204 -- revisions that begin with - are refused before
	cmd.Dir = dir
	env := append(cmd.Environ(), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	ssh := "ssh"
	for _, e := range env {
		if value, ok := strings.CutPrefix(e, "GIT_SSH_COMMAND="); ok && value != "" {
			ssh = value
		}
	}
	cmd.Env = append(env, "GIT_SSH_COMMAND="+ssh) // which goes before core.sshCommand
	return cmd
}

// plain refuses a revision that git would take for an option.
func plain(revision string) error {
	if strings.HasPrefix(revision, "-") {
		return fmt.Errorf("%w: %s", ErrRevision, revision)
	}
	return nil
}

// harmless refuses a checkout whose own configuration makes git run a command
// to fetch missing objects. No option of git overrides that.
func harmless(dir string) error {
	found, err := git(dir, "config", "--local", "--includes", "--null", "--name-only", "--get-regexp", `^remote\..*\.(uploadpack|vcs)$`)
	if err != nil {
		return nil //nolint:nilerr // not set, or not a checkout, which the next command reports
	}
	name, _, _ := bytes.Cut(found, []byte{0})
	return fmt.Errorf("the git configuration of %s has %q, which runs a command: remove it", dir, name)
}
