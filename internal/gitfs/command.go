package gitfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Limits of a revision: the number of its files and folders, and the bytes of git's
// list of them and of one of its lines. maxOutput limits any other output of git.
const (
	maxEntries = 1_000_000
	maxNames   = 256 << 20
	maxName    = 64 << 10
	maxOutput  = 256 << 20
)

// command returns a call of git that runs nothing of the checkout, whose
// configuration may be somebody else's.
func command(dir string, args ...string) *exec.Cmd {
	safe := []string{
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.attributesFile=/dev/null",
		"-c", "diff.external=", "-c", "credential.helper=", "-c", "core.askPass=", "-c", "core.gitProxy=", "-c", "core.alternateRefsCommand=:",
		"-c", "safe.bareRepository=explicit", // see bare
		"-c", "protocol.ext.allow=never",
		"--no-replace-objects", "--no-optional-locks", "--no-pager", "--literal-pathspecs",
	}
	if bare(dir) {
		safe = append(safe, "--git-dir=.")
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
	cmd.Env = append(env, "GIT_SSH_COMMAND="+ssh) // which overrides core.sshCommand
	return cmd
}

// bare reports whether a folder is a bare repository that no checkout contains. One
// inside a checkout is part of the tree, which then controls its configuration.
func bare(dir string) bool {
	for _, name := range [...]string{"HEAD", "objects", "refs"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	for ; ; path = filepath.Dir(path) {
		if _, err := os.Lstat(filepath.Join(path, ".git")); err == nil {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
	}
}

// errSilent is the error of git with --quiet.
var errSilent = errors.New("git failed without a message")

// git runs git in a folder and returns its output; the error has its standard
// error.
func git(dir string, args ...string) (out []byte, err error) {
	err = run(dir, func(r io.Reader) error {
		if out, err = io.ReadAll(io.LimitReader(r, maxOutput+1)); err == nil && len(out) > maxOutput {
			err = fmt.Errorf("git %s prints more than %d MiB", args[0], maxOutput>>20)
		}
		return err
	}, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// run runs git in a folder and passes its output to read. If read fails, it kills
// git.
func run(dir string, read func(io.Reader) error, args ...string) error {
	cmd := command(dir, args...)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) {
		return errors.New("git is not installed")
	} else if err != nil {
		return fmt.Errorf("git cannot be run: %w", err)
	}
	if err := read(out); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return err
	}
	return failure(cmd.Wait(), words.Bytes())
}

// failure returns git's own error.
func failure(err error, words []byte) error {
	var failed *exec.ExitError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &failed):
		return fmt.Errorf("git cannot be run: %w", err)
	case bytes.Contains(words, []byte("not a git repository")):
		return ErrNoCheckout
	}
	line := strings.Join(strings.Fields(strings.TrimPrefix(string(words), "fatal: ")), " ")
	if line == "" {
		return errSilent
	}
	return fmt.Errorf("git: %s", line)
}

// byNUL splits a list at its NUL bytes.
func byNUL(data []byte, end bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return i + 1, data[:i], nil
	}
	if end && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// plain rejects a revision that git would read as an option.
func plain(revision string) error {
	if strings.HasPrefix(revision, "-") {
		return fmt.Errorf("%w: %s", ErrRevision, revision)
	}
	return nil
}

// harmless rejects a checkout whose configuration makes git run a command to
// fetch missing objects. No option of git overrides that.
func harmless(dir string) error {
	found, err := git(dir, "config", "--local", "--includes", "--null", "--name-only", "--get-regexp", `^remote\..*\.(uploadpack|vcs)$`)
	if err != nil {
		return nil //nolint:nilerr // not set, or not a checkout, which the next command reports
	}
	name, _, _ := bytes.Cut(found, []byte{0})
	return fmt.Errorf("the git configuration of %s has %q, which runs a command: remove it", dir, name)
}
