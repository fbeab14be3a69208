package gitfs

import (
	"errors"
	"strings"
)

// Differs reports whether files below some folders of dir are not the same at
// two revisions. With "" for the second one it compares with the files that lie
// there now, those that git does not track among them. What matters to nobody
// but git is left out of the comparison: external drivers and conversions.
func Differs(dir, from, to string, folders ...string) (bool, error) {
	args := []string{"diff", "--quiet", "--no-ext-diff", "--no-textconv", from}
	if to != "" {
		args = append(args, to)
	}
	switch _, err := git(dir, append(append(args, "--"), folders...)...); {
	case errors.Is(err, errSilent):
		return true, nil
	case err != nil:
		return false, err
	case to != "":
		return false, nil
	}
	others, err := git(dir, append([]string{"ls-files", "--others", "-z", "--"}, folders...)...)
	return len(others) > 0, err
}

// Contains reports whether a revision contains another one in its history. In a
// shallow clone nobody knows; then it reports true.
func Contains(dir, revision, older string) (bool, error) {
	shallow, err := git(dir, "rev-parse", "--is-shallow-repository")
	if err != nil || strings.TrimSpace(string(shallow)) == "true" {
		return true, err
	}
	_, err = git(dir, "merge-base", "--is-ancestor", older, revision)
	if errors.Is(err, errSilent) {
		return false, nil
	}
	return true, err
}
