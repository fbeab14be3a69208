package mapping

import (
	"fmt"
	"path"
	"strings"
)

// Glob is a pattern for tags of repositories, REPOSITORY:TAG, such as
// "*:v[0-9]*" or "quay.io/org/*:latest". In both parts "*" matches any number
// of characters (slashes, too), "?" for one, "[a-z]" for one of some and "[^a-z]"
// for one of the others, and a backslash takes from what follows its meaning.
// The part before the tag has to fit the whole path of the repository, with or
// without its registry; the tag's part the whole tag.
type Glob struct{ text, repository, tag string }

// ParseGlob reads a pattern. The error explains what is wrong with it.
func ParseGlob(s string) (Glob, error) {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 || i == len(s)-1 || strings.Contains(s[i:], "/") {
		return Glob{}, fmt.Errorf("the pattern %q has no tag: write REPOSITORY:TAG, such as *:v[0-9]*", s)
	}
	g := Glob{s, flat(s[:i]), s[i+1:]}
	for _, part := range [...]string{g.repository, g.tag} {
		if _, err := path.Match(part, ""); err != nil {
			return Glob{}, fmt.Errorf("the pattern %q has an error: check its brackets and backslashes", s)
		}
	}
	return g, nil
}

// flat hides the slashes of a path from path.Match, which ends "*" at each.
func flat(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// String returns the pattern as it was written.
func (g Glob) String() string { return g.text }

// Match reports whether the pattern fits a reference's tag. A reference without a
// tag fits none.
func (g Glob) Match(r Reference) bool {
	fits := func(pattern, s string) bool {
		ok, err := path.Match(pattern, s)
		return ok && err == nil
	}
	return r.Tag != "" && fits(g.tag, r.Tag) &&
		(fits(g.repository, flat(r.CanonicalRepository())) || fits(g.repository, flat(r.Path())))
}
