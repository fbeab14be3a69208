package gitfs

import (
	"bytes"
	"fmt"
	"strings"
)

// Removed returns the lines that were taken out of files below a folder of dir
// since a revision, in any commit that the working tree's has in its history,
// merges included, and in files that are gone or renamed.
func Removed(dir, since, folder string) ([]byte, error) {
	if since == "" || strings.HasPrefix(since, "-") {
		return nil, fmt.Errorf("%q is no revision", since)
	}
	log, err := git(dir, "log", "--format=", "-p", "-U0", "-m", "--first-parent", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
		since+"..HEAD", "--", folder)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	header := true // of a file, in which a line with "-" gives its name
	for line := range bytes.Lines(log) {
		switch {
		case bytes.HasPrefix(line, []byte("diff --git ")):
			header = true
		case bytes.HasPrefix(line, []byte("@@")):
			header = false
		case !header && line[0] == '-':
			out.Write(line[1:])
		}
	}
	return out.Bytes(), nil
}
