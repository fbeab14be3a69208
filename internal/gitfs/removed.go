package gitfs

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"strings"
)

// Removed returns the lines that were removed from files below a folder of dir
// since a revision, in any commit of the history, merges included, and in
// deleted or renamed files. wanted selects files by base name.
func Removed(dir, since, folder string, wanted func(name string) bool) ([]byte, error) {
	if since == "" {
		return nil, fmt.Errorf("%w: it is empty", ErrRevision)
	}
	if err := cmp.Or(plain(since), harmless(dir)); err != nil {
		return nil, err
	}
	log, err := git(dir, "log", "--format=", "-p", "-U0", "-m", "--first-parent", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
		"--src-prefix=a/", "--dst-prefix=b/", since+"..HEAD", "--", folder)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	header, take := true, false // a file's header, in which a line with "-" gives its name
	for line := range bytes.Lines(log) {
		switch {
		case bytes.HasPrefix(line, []byte("diff --git ")):
			header, take = true, false
		case bytes.HasPrefix(line, []byte("@@")):
			header = false
		case header && bytes.HasPrefix(line, []byte("--- a/")):
			take = wanted(path.Base(strings.TrimRight(string(line[len("--- a/"):]), "\t\n")))
		case !header && take && line[0] == '-':
			out.Write(line[1:])
		}
	}
	return out.Bytes(), nil
}

// Top reports whether a folder is the top of its checkout.
func Top(dir string) (bool, error) {
	prefix, err := git(dir, "rev-parse", "--show-prefix")
	return strings.TrimSpace(string(prefix)) == "", err
}
