package mapping

import (
	"fmt"
	"path"
	"strings"
)

// Glob is a pattern for tags of repositories, REPOSITORY:TAG, such as
// "*:v[0-9]*" or "quay.io/org/*:latest". In both parts "*" matches any number
// of characters, slashes included, "?" one character, "[a-z]" one character of
// a class and "[^a-z]" one outside it. A backslash escapes the next character.
// The first part has to match the whole repository, with or without its
// registry, and the second part the whole tag.
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

// flat replaces the slashes of a path, which "*" does not match in path.Match.
func flat(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// String returns the pattern as it was written.
func (g Glob) String() string { return g.text }

// Match reports whether the pattern matches a reference. It is false for a
// reference without a tag.
func (g Glob) Match(r Reference) bool {
	fits := func(pattern, s string) bool {
		ok, err := path.Match(pattern, s)
		return ok && err == nil
	}
	return r.Tag != "" && fits(g.tag, r.Tag) &&
		(fits(g.repository, flat(r.CanonicalRepository())) || fits(g.repository, flat(r.Path())))
}
